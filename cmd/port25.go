package cmd

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/postmuster/postmuster/internal/smtp"
)

// portWatch notices when not one mail server of a run could be reached: then it
// is more likely that this network blocks outgoing port 25 than that all of them
// are down.
type portWatch struct {
	mu     sync.Mutex
	silent map[smtp.Target]bool // whether nobody got a connection to it
}

// watch returns a prober that asks next, and lets w see how it went.
func (w *portWatch) watch(next smtp.Prober) smtp.Prober { return watchedProber{next: next, watch: w} }

type watchedProber struct {
	next  smtp.Prober
	watch *portWatch
}

func (p watchedProber) Probe(ctx context.Context, t smtp.Target) *smtp.Session {
	s := p.next.Probe(ctx, t)
	p.watch.note(s)
	return s
}

func (w *portWatch) note(s *smtp.Session) {
	if s.Result == smtp.ResultCanceled || s.Result == smtp.ResultNotRecorded {
		return
	}
	silent := s.Result == smtp.ResultTimeout && s.Step == smtp.StepConnect
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.silent == nil {
		w.silent = map[smtp.Target]bool{}
	}
	before, known := w.silent[s.Target]
	w.silent[s.Target] = silent && (before || !known)
}

// report says, once for the run, that port 25 looks blocked here.
func (w *portWatch) report(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, silent := range w.silent {
		if !silent {
			return
		}
	}
	if len(w.silent) == 0 {
		return
	}
	fmt.Fprintf(out, "postmuster: none of the %d mail server addresses answered: outgoing port 25 looks blocked here, as many networks do.\n"+
		"  The checks that need it are inconclusive. Leave them out with --no-smtp, or run from another network.\n", len(w.silent))
}
