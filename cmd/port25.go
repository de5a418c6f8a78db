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
	mu            sync.Mutex
	seen          map[smtp.Target]bool
	asked, silent int
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
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[smtp.Target]bool{}
	}
	if w.seen[s.Target] || s.Result == smtp.ResultCanceled || s.Result == smtp.ResultNotRecorded {
		return
	}
	w.seen[s.Target] = true
	w.asked++
	if s.Result == smtp.ResultTimeout && s.Step == smtp.StepConnect {
		w.silent++
	}
}

// report says, once for the run, that port 25 looks blocked here.
func (w *portWatch) report(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked == 0 || w.silent < w.asked {
		return
	}
	fmt.Fprintf(out, "postmuster: none of the %d mail server addresses answered: outgoing port 25 looks blocked here, as many networks do.\n"+
		"  The checks that need it are inconclusive. Leave them out with --no-smtp, or run from another network.\n", w.asked)
}
