//go:build !unix

package store

import "os"

// There is no portable lock that ends with the process; SQLite's own still
// keeps two processes from writing the index at once.
func lockFile(*os.File) error { return nil }

func unlockFile(*os.File) error { return nil }

func syncDirectory(string) error { return nil }

func isReadOnly(error) bool { return false }

func isNoSpace(error) bool { return false }
