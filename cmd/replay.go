package cmd

import (
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postmuster/postmuster/internal/probe/recording"
)

// remembered are the flags that decide what is asked and how it is judged. A
// recording carries those that were given, so that its replay comes to the same
// report; how that is written is for whoever replays it.
var remembered = []string{
	"blocklist", "fail-on", "from", "helo", "ip", "min-score", "no-blocklists", "no-smtp", "profile",
	"rcpt", "resolver", "select", "selector", "sender-ip", "skip", "smtp-port", "trust-ad",
}

// headers are the flags that were given, for the recording.
func (f *netFlags) headers() []recording.Header {
	var headers []recording.Header
	f.flags.Visit(func(flag *pflag.Flag) {
		if !slices.Contains(remembered, flag.Name) {
			return
		}
		values := []string{flag.Value.String()}
		if several, ok := flag.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, value := range values {
			headers = append(headers, recording.Header{Key: "--" + flag.Name, Value: value})
		}
	})
	return headers
}

// readReplay reads the recording that --replay names, and gives the flags that
// the user left out the values that they had then.
func (f *netFlags) readReplay(*cobra.Command, []string) error {
	if f.replay == "" || f.record != "" { // cobra refuses both, but after this
		return nil
	}
	file, err := os.Open(f.replay)
	if err != nil {
		return fmt.Errorf("--replay: %w", err)
	}
	defer file.Close()
	if f.recorded, err = recording.Read(file); err != nil {
		return fmt.Errorf("--replay %s: %w", f.replay, err)
	}
	given := map[string]bool{}
	f.flags.Visit(func(flag *pflag.Flag) { given[flag.Name] = true })
	for _, name := range remembered {
		flag := f.flags.Lookup(name)
		if flag == nil || given[name] {
			continue
		}
		for _, h := range f.recorded.Headers {
			if h.Key != "--"+name {
				continue
			}
			if err := recall(flag.Value, h.Value); err != nil {
				return fmt.Errorf("--replay %s: its %s %q: %w", f.replay, h.Key, h.Value, err)
			}
		}
	}
	return nil
}

func recall(flag pflag.Value, value string) error {
	if several, ok := flag.(pflag.SliceValue); ok {
		return several.Append(value)
	}
	return flag.Set(value)
}
