// Command storebench measures the sink's store: how fast messages are accepted,
// what 100,000 of them cost, how long lists and searches take while more arrive,
// and how soon the index follows. Each figure is taken in a process of its own,
// because the peak of its memory is one of them.
//
//	go run ./internal/bench/storebench
//	go run ./internal/bench/storebench -only stored -n 20000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/sink/store"
)

type options struct {
	only     string
	n        int // messages stored
	searches int
	rate     int
	dir      string

	// Of one figure.
	durability string
	size       int
}

// A figure is measured by a process of its own.
type figure struct {
	name    string
	measure func(context.Context, options) error
	args    [][]string // of the processes
}

var figures = []figure{
	{"accept", accept, [][]string{
		{"-durability", "durable", "-size", "4096"}, {"-durability", "disk", "-size", "4096"}, {"-durability", "memory", "-size", "4096"},
		{"-durability", "durable", "-size", "102400"}, {"-durability", "disk", "-size", "102400"}, {"-durability", "memory", "-size", "102400"},
	}},
	{"index", index, [][]string{{}}},
	{"large", large, [][]string{{"-durability", "durable"}, {"-durability", "memory"}}},
	{"stored", stored, [][]string{{}}},
	{"open", reopen, [][]string{{}}},
	{"rebuild", rebuild, [][]string{{}}},
}

func main() {
	var o options
	var child string
	flag.StringVar(&o.only, "only", "", "measure only these: accept, index, large, stored, open, rebuild; comma-separated")
	flag.IntVar(&o.n, "n", 100_000, "messages that are stored")
	flag.IntVar(&o.searches, "searches", 300, "searches of each kind")
	flag.IntVar(&o.rate, "rate", 200, "messages a second that arrive, and are scored, while searching")
	flag.StringVar(&o.dir, "dir", "", "directory for the stored messages, kept for open and rebuild; a temporary one by default")
	flag.StringVar(&child, "child", "", "measure this, in this process")
	flag.StringVar(&o.durability, "durability", "durable", "of the one measurement")
	flag.IntVar(&o.size, "size", 4096, "bytes of a message, of the one measurement")
	flag.Parse()
	if err := run(context.Background(), o, child); err != nil {
		fmt.Fprintln(os.Stderr, "storebench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, child string) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "storebench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.dir = dir
	}
	for _, f := range figures {
		switch {
		case child == f.name:
			return f.measure(ctx, o)
		case child != "" || o.only != "" && !strings.Contains(","+o.only+",", ","+f.name+","):
			continue
		}
		for _, args := range f.args {
			if err := start(ctx, o, f.name, args); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
	}
	if child != "" {
		return errors.New("there is no figure " + child)
	}
	return nil
}

// start measures a figure in a new process.
func start(ctx context.Context, o options, name string, args []string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	args = append([]string{"-child", name, "-n", fmt.Sprint(o.n), "-searches", fmt.Sprint(o.searches),
		"-rate", fmt.Sprint(o.rate), "-dir", o.dir}, args...)
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// config returns the store in a directory.
func config(o options, dir string) store.Config {
	return store.Config{
		Dir: dir, Durability: store.Durability(o.durability), Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
}
