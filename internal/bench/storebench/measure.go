package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// quantiles describes times.
func quantiles(times []time.Duration) string {
	slices.Sort(times)
	at := func(q float64) time.Duration {
		return times[int(q*float64(len(times)-1))].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %v  p99 %v  max %v", at(0.5), at(0.99), at(1))
}

// peakMB returns the most memory that the process has had, where Linux tells.
func peakMB() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.Fields(text)[0], 64)
			return kib / 1024
		}
	}
	return 0
}

// A watch measures one piece of work.
type watch struct {
	start time.Time
	cpu   time.Duration
}

func startWatch() watch { return watch{time.Now(), cpu()} }

// rate describes how fast n things were done, and what the processors did for
// each: other programs on the machine change the first, hardly the second.
func (w watch) rate(n int) string {
	took, used := time.Since(w.start), cpu()-w.cpu
	return fmt.Sprintf("%.0f/s (%.0f µs of CPU each)", float64(n)/took.Seconds(), float64(used.Microseconds())/float64(n))
}
