package dns

import (
	"context"

	"github.com/postmuster/postmuster/internal/dns"
)

type logged struct {
	next dns.Resolver
	log  func(dns.Question, *dns.Answer, error)
}

// Logged calls log after every question, with the answer or the error.
func Logged(next dns.Resolver, log func(dns.Question, *dns.Answer, error)) dns.Resolver {
	return &logged{next, log}
}

func (l *logged) Resolve(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	answer, err := l.next.Resolve(ctx, q)
	l.log(q, answer, err)
	return answer, err
}
