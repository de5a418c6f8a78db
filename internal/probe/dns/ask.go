package dns

import (
	"context"
	"errors"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// ask asks one server after the other until one answers. The failure that
// says most about the name is the one returned.
func (c *Client) ask(ctx context.Context, q dns.Question) (*dns.Answer, *dns.Error) {
	question, err := appendQuestion(make([]byte, 0, maxQuestion), q)
	if err != nil {
		return nil, &dns.Error{Cause: dns.CauseBadName, Err: err}
	}
	if err := c.window.enter(ctx); err != nil {
		return nil, givenUp(err)
	}
	defer c.window.leave()

	var worst *dns.Error
	order := c.order()
	for attempt := 0; attempt < c.attempts && len(order) > 0; attempt++ {
		s := order[0]
		answer, failure := c.askServer(ctx, s, q, question)
		if failure == nil {
			return answer, nil
		}
		failure.Server = s.addr
		if errors.Is(failure, context.DeadlineExceeded) || errors.Is(failure, context.Canceled) {
			return nil, failure
		}
		worst = moreTelling(worst, failure)
		order = order[1:]
		if failure.Cause != dns.CauseRcode {
			order = append(order, s) // it may hear us the next time; a response code would be the same
		}
	}
	return nil, worst
}

// moreTelling returns the failure to report. That a server answered says more
// than that another was silent; that it refuses us says nothing about the name.
func moreTelling(before, now *dns.Error) *dns.Error {
	rank := func(e *dns.Error) int {
		switch {
		case e == nil:
			return 0
		case e.Cause != dns.CauseRcode:
			return 1
		case e.Rcode == dns.RcodeRefused:
			return 2
		default:
			return 3
		}
	}
	if rank(before) > rank(now) {
		return before
	}
	return now
}

// givenUp tells a caller who left from one whose time ran out.
func givenUp(err error) *dns.Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &dns.Error{Cause: dns.CauseTimeout, Err: err}
	}
	return &dns.Error{Cause: dns.CauseCanceled, Err: err}
}

// askServer asks one server: over UDP, without EDNS if it does not know that,
// and over TCP if the answer was truncated.
func (c *Client) askServer(ctx context.Context, s *server, q dns.Question, question []byte) (*dns.Answer, *dns.Error) {
	flags := flagsOf(q)
	r, failure := c.exchange(ctx, s, question, flags, overUDP)
	if failure == nil && flags.edns && !r.truncated && refusesEDNS(r.rcode) {
		flags.edns = false // RFC 6891 §6.2.2
		r, failure = c.exchange(ctx, s, question, flags, overUDP)
	}
	overTCP := failure == nil && r.truncated
	if overTCP {
		// RFC 2181 §9: what a truncated answer holds is not the whole of it.
		r, failure = c.exchange(ctx, s, question, flags, overStream)
		if failure == nil && r.truncated {
			failure = &dns.Error{Cause: dns.CauseMalformed, Err: errors.New("truncated over TCP too")}
		}
	}
	if failure != nil {
		return nil, failure
	}
	if r.rcode != dns.RcodeNoError && r.rcode != dns.RcodeNXDomain {
		return nil, &dns.Error{Cause: dns.CauseRcode, Rcode: r.rcode, ExtendedErrors: r.extended}
	}
	return &dns.Answer{Question: q, Rcode: r.rcode, AuthenticData: r.authentic, Records: r.answer,
		Authority: r.authority, ExtendedErrors: r.extended, Server: s.addr, TCP: overTCP}, nil
}

func refusesEDNS(rcode dns.Rcode) bool {
	const badVersion = 16 // RFC 6891 §9
	return rcode == dns.RcodeFormErr || rcode == dns.RcodeNotImp || rcode == badVersion
}

// A transport sends a question and returns the response to it.
type transport func(ctx context.Context, s *server, question []byte, f flags, deadline time.Time) (*response, error)

// exchange asks once and keeps account of how the server did.
func (c *Client) exchange(ctx context.Context, s *server, question []byte, f flags, send transport) (*response, *dns.Error) {
	if err := ctx.Err(); err != nil {
		return nil, givenUp(err)
	}
	deadline, ours := time.Now().Add(c.timeout), true
	if theirs, ok := ctx.Deadline(); ok && theirs.Before(deadline) {
		deadline, ours = theirs, false
	}
	r, err := send(ctx, s, question, f, deadline)
	if err == nil {
		s.answered()
		c.window.widen()
		return r, nil
	}
	failure := classify(err)
	switch {
	case ctx.Err() != nil:
		return nil, givenUp(ctx.Err())
	case failure.Cause == dns.CauseTimeout && !ours:
		failure.Err = context.DeadlineExceeded // the caller's time ran out, the server's did not
	case failure.Cause == dns.CauseTimeout:
		c.window.narrow()
		s.failed(c.now(), 1)
	case failure.Cause == dns.CauseNetwork:
		s.failed(c.now(), failuresToPenalty)
	}
	return nil, failure
}
