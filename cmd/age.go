package cmd

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// An age is a flag of a long time: 90m, 168h, or in days, 7d, which Go's
// durations lack and retention is thought in.
type age time.Duration

const day = 24 * time.Hour

// Set reads an age.
func (a *age) Set(text string) error {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int64
		n, err = strconv.ParseInt(days, 10, 64)
		if n > int64(math.MaxInt64/day) {
			n = -1
		}
		d = time.Duration(n) * day
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a time like 90m, 12h or 7d", text)
	}
	*a = age(d)
	return nil
}

// String returns the age, in days where it is of whole ones.
func (a *age) String() string {
	switch d := time.Duration(*a); {
	case d == 0:
		return ""
	case d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	default:
		return d.String()
	}
}

// Type names the flag's kind.
func (a *age) Type() string { return "time" }
