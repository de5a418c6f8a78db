package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
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
// exitCode unless the output failed.
func runJobs(ctx context.Context, env *Env, f *auditFlags, jobs []job, several bool) error {
	if err := f.check(env.Suite); err != nil {
		return err
	}
	net, err := f.net.open(env)
	if err != nil {
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
		if code, err = produce(w); err != nil {
			return err
		}
		return w.Close()
	}
	style := env.style(f.noColor, several)
	if f.output == "" {
		return code, to(env.Out, style)
	}
	style.Color = false
	err = writeWhole(f.output, func(out io.Writer) error { return to(out, style) })
	return code, err
}

func auditAll(ctx context.Context, env *Env, a *audit.Auditor, jobs []job, w report.Writer) (int, error) {
	p := newProgress(env, len(jobs))
	defer p.end()
	reports := start(ctx, a, jobs)
	code := exitMet
	for i, j := range jobs {
		if j.err != nil {
			p.end()
			fmt.Fprintf(env.Err, "postmuster: %v\n", j.err)
			code = worse(code, exitUsage)
			continue
		}
		p.show(i, j.label)
		r := <-reports[i]
		p.end()
		if ctx.Err() != nil {
			return exitUndecided, errors.New("interrupted; what was not written is lost")
		}
		if err := w.Write(r); err != nil {
			return code, err
		}
		code = worse(code, codeOf(r))
	}
	return code, nil
}

// start works on all jobs, a bounded number at a time.
func start(ctx context.Context, a *audit.Auditor, jobs []job) []chan *report.Report {
	reports := make([]chan *report.Report, len(jobs))
	for i := range jobs {
		reports[i] = make(chan *report.Report, 1)
	}
	go func() {
		places := make(chan struct{}, subjectsAtOnce)
		for i, j := range jobs {
			if j.err != nil {
				continue
			}
			places <- struct{}{}
			go func() {
				defer func() { <-places }()
				reports[i] <- j.run(ctx, a)
			}()
		}
	}()
	return reports
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
