package cmd

import (
	"strings"
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	tests := []struct {
		text  string
		want  time.Duration
		shown string
	}{
		{"90m", 90 * time.Minute, "1h30m0s"},
		{"168h", 7 * day, "7d"},
		{"7d", 7 * day, "7d"},
		{"106751d", 106751 * day, "106751d"}, // the longest of a time.Duration
	}
	for _, tt := range tests {
		var got age
		if err := got.Set(tt.text); err != nil || time.Duration(got) != tt.want || got.String() != tt.shown {
			t.Errorf("Set(%q) = %v (%v), want %v, shown as %s", tt.text, time.Duration(got), err, tt.want, tt.shown)
		}
	}
	for _, text := range []string{"", "d", "0", "0d", "-1h", "-1d", "5x", "1.5d", "106752d", "99999999999999999999d"} {
		var got age
		if err := got.Set(text); err == nil || !strings.Contains(err.Error(), "like 90m, 12h or 7d") {
			t.Errorf("Set(%q) = %v (%v), want a refusal that says how", text, time.Duration(got), err)
		}
	}
}
