package spf

import (
	"context"
	"fmt"
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
)

// explain returns the explanation of a fail: that of the domain whose record
// failed, never of one that it includes (RFC 7208 §6.2). Whatever goes wrong
// leaves the default.
func (s *session) explain(ctx context.Context, v verdict) string {
	t := v.record.Exp()
	if t == nil {
		return s.checker.DefaultExplanation
	}
	step := newStep(v.domain, t)
	asked := len(s.queries)
	text, reason := s.explanation(ctx, v.domain, t, &step)
	step.Outcome, step.Reason = OutcomeExplanation, reason
	if s.checker.Trace {
		step.Queries = s.kept(asked, len(s.queries))
		s.eval.Trace = append(s.eval.Trace, step)
	}
	if text == "" {
		return s.checker.DefaultExplanation
	}
	return text
}

func (s *session) explanation(ctx context.Context, domain string, t *Term, step *Step) (text, reason string) {
	var ok bool
	if step.Target, ok = s.target(ctx, domain, t); !ok {
		return "", "not a name that can be asked for"
	}
	answer, err := s.ask(ctx, questionName(step.Target), dns.TypeTXT)
	if err != nil {
		return "", "the explanation could not be looked up: " + reasonOf(err)
	}
	texts := answer.TXTs()
	if len(texts) != 1 {
		return "", fmt.Sprintf("%d TXT records where one explanation should be", len(texts))
	}
	m, _, syntax := parseMacroString(texts[0], inExplanation)
	if syntax != nil {
		return "", "the explanation is invalid: " + syntax.message
	}
	text, ok = m.expand(func(letter byte) string { return s.value(ctx, domain, letter) })
	if !ok || !printable(text) {
		return "", "the explanation expands to a text that cannot be sent"
	}
	return text, "the explanation was used"
}

// printable reports whether an explanation fits an SMTP reply: a sender's local
// part may bring any octet into it.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
