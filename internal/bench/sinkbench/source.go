package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"time"
)

// source sends n messages as measure does, by Debian's smtp-source. It tells no
// times of replies.
func source(ctx context.Context, addr string, l load, n, sessions int) (rate float64, p99 time.Duration, err error) {
	program, err := debian("smtp-source")
	if err != nil {
		return 0, 0, err
	}
	args := []string{"-s", strconv.Itoa(sessions), "-m", strconv.Itoa(n), "-l", strconv.Itoa(l.size),
		"-f", "shop@example.com", "-t", "customer@example.net", "-M", "client.example.net", "-S", "Order"}
	if l.kept {
		args = append(args, "-d")
	}
	began := time.Now()
	if out, err := exec.CommandContext(ctx, program, append(args, "inet:"+addr)...).CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("smtp-source (Debian's postfix): %w\n%s", err, out)
	}
	return float64(n) / time.Since(began).Seconds(), 0, nil
}

// debian returns the path of a program of Debian's postfix, which keeps some of
// them out of a user's path.
func debian(name string) (string, error) {
	if program, err := exec.LookPath(name); err == nil {
		return program, nil
	}
	return exec.LookPath("/usr/sbin/" + name)
}
