module github.com/postmuster/postmuster

go 1.26
