// Command postmuster tells a sender whether mail will arrive, and why not.
package main

import (
	"os"

	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/cmd"
)

func main() { os.Exit(cmd.Main(all.Checks())) }
