package cmd

import (
	"fmt"
	"strconv"
	"strings"
)

// A size is a flag of bytes: 1048576, 500KB, 50MB, 2GB. A kilobyte has 1,024.
type size int64

// Set reads a size.
func (s *size) Set(text string) error {
	digits := strings.TrimRight(strings.ToUpper(text), "BIKMGT ")
	shift, known := map[string]uint{"": 0, "B": 0, "K": 10, "KB": 10, "KIB": 10, "M": 20, "MB": 20, "MIB": 20, "G": 30, "GB": 30, "GIB": 30, "T": 40, "TB": 40, "TIB": 40}[strings.TrimSpace(strings.ToUpper(text[len(digits):]))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n <= 0 || n > 1<<(62-shift) {
		return fmt.Errorf("%q is not a size like 500KB, 50MB or 2GB", text)
	}
	*s = size(n << shift)
	return nil
}

// String returns the size in the largest unit that it is a multiple of.
func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	for i, unit := range []string{"TB", "GB", "MB", "KB"} {
		if shift := 40 - 10*i; *s%(1<<shift) == 0 {
			return strconv.FormatInt(int64(*s>>shift), 10) + unit
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type names the flag's kind.
func (s *size) Type() string { return "size" }
