package cmd

import (
	"context"
	"fmt"
	"time"
)

// readyPause is between two looks at a sink that is not ready. One starts within
// tens of milliseconds.
const readyPause = 50 * time.Millisecond

// runReady waits until a sink answers. It looks once at least, so that a timeout
// of 0 is a probe.
func runReady(ctx context.Context, env *Env, f *waitFlags) error {
	over := time.NewTimer(f.timeout)
	defer over.Stop()
	for {
		where, err := f.url(env)
		if err == nil {
			err = f.client(env, where).Ready(ctx)
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(env.Err, "postmuster: interrupted")
			return exitCode(exitUndecided)
		case <-over.C:
			fmt.Fprintf(env.Err, "postmuster wait: no sink is ready, within %s: %v\n", f.timeout, err)
			return exitCode(exitUndecided)
		case <-time.After(readyPause):
		}
	}
}
