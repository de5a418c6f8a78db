package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/report"
)

// subjectsAtOnce is how many subjects a run works on at a time; each waits for
// the network most of its time.
const subjectsAtOnce = 16

// A job is one subject of a run, or why it is none.
type job struct {
	label string
	err   error // the subject cannot be read; the others are still done
	run   func(context.Context, *audit.Auditor) *report.Report
}

// runJobs works on the jobs and writes their reports in order. Its error is an
// exitCode unless the run could not begin or the output failed.
func runJobs(ctx context.Context, env *Env, f *auditFlags, jobs iter.Seq[job], several bool) error {
	if err := f.check(env.Suite); err != nil {
		return err
	}
	net, err := f.net.open(env)
	if err != nil {
		return err
	}
	if err := net.reachable(ctx, &f.net); err != nil {
		return err
	}
	auditor, err := f.auditor(env, net)
	if err != nil {
		return err
	}
	code, err := f.write(env, several, func(w report.Writer) (int, error) {
		return auditAll(ctx, env, auditor, jobs, w)
	})
	net.port25.report(env.Err)
	if err := errors.Join(err, net.close(&f.net)); err != nil {
		return err
	}
	if code != exitMet {
		return exitCode(code)
	}
	return nil
}

// write opens the output and hands it to produce: standard output as it comes,
// a file only when it is whole.
func (f *auditFlags) write(env *Env, several bool, produce func(report.Writer) (int, error)) (code int, err error) {
	to := func(out io.Writer, style report.Style) error {
		w, err := report.NewWriter(f.format, out, style)
		if err != nil {
			return err
		}
		if code, err = produce(w); err != nil && !errors.Is(err, errInterrupted) {
			return err
		}
		return errors.Join(err, w.Close()) // what was written before an interruption can be read
	}
	style := env.style(f.noColor, several)
	if f.output == "" {
		err = to(env.Out, style)
		return code, err
	}
	style.Color = false
	err = writeWhole(f.output, func(out io.Writer) error { return to(out, style) })
	return code, err
}

func auditAll(ctx context.Context, env *Env, a *audit.Auditor, jobs iter.Seq[job], w report.Writer) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	progress := newProgress(env)
	code := exitMet
	for p := range start(ctx, a, jobs) {
		if errors.Is(p.err, errInterrupted) {
			return code, errInterrupted
		}
		if p.err != nil {
			fmt.Fprintf(env.Err, "postmuster: %v\n", p.err)
			code = worse(code, exitUsage)
			continue
		}
		progress.show(p.label)
		r := <-p.report
		progress.end()
		if ctx.Err() != nil {
			return code, errInterrupted
		}
		if err := w.Write(r); err != nil {
			return code, err
		}
		code = worse(code, codeOf(r))
	}
	if ctx.Err() != nil {
		return code, errInterrupted
	}
	return code, nil
}

// pending is a job that is being worked on.
type pending struct {
	job
	report chan *report.Report
}

// start works on the jobs, a bounded number of them at a time and ahead of the
// reader, and hands them out in order.
func start(ctx context.Context, a *audit.Auditor, jobs iter.Seq[job]) <-chan pending {
	started := make(chan pending, subjectsAtOnce)
	go func() {
		defer close(started)
		for j := range jobs {
			p := pending{job: j, report: make(chan *report.Report, 1)}
			if j.err == nil {
				go func() { p.report <- j.run(ctx, a) }()
			}
			select {
			case started <- p:
			case <-ctx.Done():
				return
			}
		}
	}()
	return started
}

func codeOf(r *report.Report) int {
	switch {
	case r.Gate.Met:
		return exitMet
	case r.Gate.Undecided:
		return exitUndecided
	default:
		return exitNotMet
	}
}

// worse combines the codes of several subjects: an error of usage stands above
// a gate that is not met, and that above one that is undecided.
func worse(a, b int) int {
	mildestFirst := []int{exitMet, exitUndecided, exitNotMet, exitUsage}
	if slices.Index(mildestFirst, b) > slices.Index(mildestFirst, a) {
		return b
	}
	return a
}
