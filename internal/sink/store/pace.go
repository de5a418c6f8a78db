package store

import (
	"context"
	"sync"
	"time"
)

const (
	// paceWindow is how long what was received counts as coming in now.
	paceWindow = 50 * time.Millisecond
	// busyUnits received in a window make the store busy: below 600 small messages
	// a second there is time to index and score each as it comes.
	busyUnits = 30
	// unitBytes are received for each further unit of a message.
	unitBytes = 8 << 10
	// restsFor times as long as it worked, work that can wait rests.
	restsFor = 24
	// restSlice is how soon rest ends when there is no reason for it any more.
	restSlice = 2 * time.Millisecond
	// maxBehind is how many messages the index may be behind before it rests no more.
	maxBehind = 20_000
)

// A pace makes work that can wait rest while messages come in quickly: what it
// takes of the processor, senders would lack.
type pace struct {
	mu      sync.Mutex
	began   time.Time // of the window
	units   int       // received in it
	before  int       // received in the window before
	working sync.Mutex
}

// received notes that messages came in.
func (p *pace) received(messages int, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn()
	p.units += messages + int(bytes/unitBytes)
}

// turn begins another window when the last one is over.
func (p *pace) turn() {
	switch over := time.Since(p.began); {
	case over >= 2*paceWindow:
		p.before, p.units, p.began = 0, 0, time.Now()
	case over >= paceWindow:
		p.before, p.units, p.began = p.units, 0, time.Now()
	}
}

// busy tells that messages come in quickly.
func (p *pace) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn()
	return max(p.before, p.units) >= busyUnits
}

// rest waits as long as work should rest that took so long, or until ctx ends or
// no reason is left.
func (p *pace) rest(ctx context.Context, worked time.Duration, reason func() bool) {
	end := time.Now().Add(worked * restsFor)
	for left := time.Until(end); left > 0 && p.busy() && reason(); left = time.Until(end) {
		select {
		case <-time.After(min(left, restSlice)):
		case <-ctx.Done():
			return
		}
	}
}

// giveWay runs work that can wait. While messages come in quickly, one works at a
// time, and rests in between.
func (p *pace) giveWay(ctx context.Context, work func()) {
	if !p.busy() {
		work()
		return
	}
	p.working.Lock()
	defer p.working.Unlock()
	began := time.Now()
	work()
	p.rest(ctx, time.Since(began), func() bool { return true })
}
