package cmd

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// progressAfter is how long a person waits before they wonder.
const progressAfter = time.Second

// progress is one line on a terminal that says what is being waited for.
type progress struct {
	env *Env

	mu    sync.Mutex
	timer *time.Timer
	shown int // columns to wipe
}

func newProgress(env *Env) *progress { return &progress{env: env} }

// show says, unless end is called within a second, that a subject is being
// waited for.
func (p *progress) show(label string) {
	if !p.env.ErrTerminal {
		return
	}
	p.timer = time.AfterFunc(progressAfter, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		line := "waiting for " + label + " …"
		fmt.Fprint(p.env.Err, line)
		p.shown = len(line)
	})
}

// end wipes the line.
func (p *progress) end() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown > 0 {
		fmt.Fprint(p.env.Err, "\r"+strings.Repeat(" ", p.shown)+"\r")
		p.shown = 0
	}
}
