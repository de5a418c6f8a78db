package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// scoring prints how many messages a second are received, indexed and scored
// when they keep coming.
func (b *bench) scoring(ctx context.Context) error {
	p, err := b.startSink(ctx, "scoring")
	if err != nil {
		return err
	}
	defer p.stop()
	n := b.o.messages * 2
	began := time.Now()
	rate, _, err := measure(ctx, p.ports.SMTP, load{size: 4 << 10, kept: true}, n, b.o.sessions)
	if err != nil {
		return err
	}
	if err := p.scored(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	p.stop()
	used := p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	fmt.Printf("\n%d messages of 4 KB: received at %.0f a second; received, indexed and scored at %.0f, with %.2f ms of processor time each\n",
		n, rate, float64(n)/took.Seconds(), used.Seconds()*1000/float64(n))
	return nil
}

// large prints what one large message costs.
func (b *bench) large(ctx context.Context) error {
	const size = 40 << 20
	p, err := b.startSink(ctx, "large")
	if err != nil {
		return err
	}
	defer p.stop()
	before, err := p.peakMB()
	if err != nil {
		return err
	}
	if _, _, err := measure(ctx, p.ports.SMTP, load{size: size}, 1, 1); err != nil {
		return err
	}
	taken, err := p.peakMB()
	if err != nil {
		return err
	}
	if err := p.scored(ctx); err != nil {
		return err
	}
	scored, err := p.peakMB()
	if err != nil {
		return err
	}
	fmt.Printf("one message of 40 MB: %.0f MB at rest, at most %.0f MB when it was taken (%.2f of its size), %.0f MB when it was scored (%.2f)\n",
		before, taken, taken*(1<<20)/size, scored, scored*(1<<20)/size)
	const together = 20
	if _, _, err := measure(ctx, p.ports.SMTP, load{size: size}, together, together); err != nil {
		return err
	}
	if err := p.scored(ctx); err != nil {
		return err
	}
	all, err := p.peakMB()
	fmt.Printf("%d such messages at a time: at most %.0f MB\n", together, all)
	return err
}

// filled prints how a sink does with many messages in it.
func (b *bench) filled(ctx context.Context) error {
	if b.o.stored == 0 {
		return nil
	}
	p, err := b.startSink(ctx, "filled")
	if err != nil {
		return err
	}
	if err := b.fill(ctx, p); err != nil {
		p.stop()
		return err
	}
	p.stop()
	p, err = b.startSink(ctx, "filled")
	if err != nil {
		return err
	}
	defer p.stop()
	fmt.Printf("ready again after %.0f ms\n", p.ready.Seconds()*1000)
	receiving, cancel := context.WithCancel(ctx)
	received := make(chan error, 1)
	go func() {
		_, _, err := measure(receiving, p.ports.SMTP, load{size: 4 << 10, kept: true, pause: 20 * time.Millisecond}, 1<<30, 4)
		received <- err
	}()
	time.Sleep(3 * time.Second) // at the start the index is looked through once
	for _, query := range []string{"", "subject:order", "invoice -nothing", "from:shop@example.com has:attachment", "header:subject", "inv*"} {
		if err := ask(ctx, p, query); err != nil {
			cancel()
			return err
		}
	}
	cancel()
	<-received // it ends by being interrupted
	return nil
}

func (b *bench) fill(ctx context.Context, p *process) error {
	if _, _, err := measure(ctx, p.ports.SMTP, load{size: 4 << 10, kept: true}, b.o.stored, b.o.sessions); err != nil {
		return err
	}
	if err := p.scored(ctx); err != nil {
		return err
	}
	peak, err := p.peakMB()
	fmt.Printf("%d messages stored and scored: at most %.0f MB of memory\n", b.o.stored, peak)
	return err
}

// ask prints how long a search takes while messages come.
func ask(ctx context.Context, p *process, query string) error {
	var waits []time.Duration
	for range 300 {
		began := time.Now()
		if _, err := p.get(ctx, "/api/postmuster/v1/messages?query="+url.QueryEscape(query)); err != nil {
			return err
		}
		waits = append(waits, time.Since(began))
	}
	slices.Sort(waits)
	fmt.Printf("while 200 a second come, %-40q p50 %5.1f ms, p99 %5.1f ms\n", query, waits[len(waits)/2].Seconds()*1000, waits[len(waits)*99/100].Seconds()*1000)
	return nil
}
