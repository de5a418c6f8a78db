// Package audit takes a subject in and gives a report out: it ties facts, engine
// and verdict together.
package audit

import (
	"context"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/engine"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/verdict"
)

// DefaultTimeout is the budget of one subject. It leaves room for a mail server
// that greets late (RFC 5321 §4.5.3.2.1 allows five minutes, few take one).
const DefaultTimeout = 60 * time.Second

// An Auditor audits subjects. It is safe for concurrent use.
type Auditor struct {
	Suite     checks.Suite
	Net       fact.Net
	Options   fact.Options
	Selection verdict.Selection
	Policy    verdict.Policy
	Profile   checks.Profile // detected when empty
	Timeout   time.Duration  // for the whole subject; DefaultTimeout when 0
	Tool      report.Tool
}

// Domain audits a domain, which ParseDomain returned.
func (a *Auditor) Domain(ctx context.Context, domain string) *report.Report {
	set := fact.NewSet(fact.Subject{Domain: domain}, a.Options, a.Net)
	subject := report.Subject{Kind: checks.Domain, Domain: domain}
	return a.run(ctx, set, subject, facts.DomainProfile)
}

// Message scores a message. The name says where it came from: "mail.eml".
func (a *Auditor) Message(ctx context.Context, m *message.Message, name string) *report.Report {
	set := fact.NewSet(fact.Subject{Message: m, Name: name}, a.Options, a.Net)
	identity := facts.IdentityOf(m.Parse())
	set.Subject.Domain = identity.FromDomain
	subject := report.Subject{Kind: checks.Message, Domain: identity.FromDomain, MessageID: identity.MessageID, Name: name}
	return a.run(ctx, set, subject, facts.MessageProfile)
}

func (a *Auditor) run(ctx context.Context, set *fact.Set, subject report.Subject, detect *fact.Fact[checks.Profile]) *report.Report {
	timeout := a.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	at := a.Net.Now()
	profile := a.profile(ctx, set, detect)
	selected := a.Selection.Apply(a.Suite, subject.Kind, profile)
	results := engine.Run(ctx, selected, set)
	return report.New(a.Tool, subject, profile, at, verdict.Judge(results, a.Policy))
}

// profile is the one that the user asked for, or the detected one. Where it
// could not be detected, the profile that demands most stands: leaving out a
// check because of what we do not know would be a guess.
func (a *Auditor) profile(ctx context.Context, set *fact.Set, detect *fact.Fact[checks.Profile]) checks.Profile {
	if a.Profile != "" {
		return a.Profile
	}
	profile, err := detect.Get(ctx, set)
	if err != nil && set.Subject.Message == nil {
		return checks.Sender
	}
	if err != nil {
		return checks.Transactional
	}
	return profile
}
