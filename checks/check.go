// Package checks says what a check is: a value that documents one question and
// holds one pure function from facts to findings.
//
// A check has no network, no clock, no context and no error handling: what it
// judges was gathered before, as facts (package fact), and what could not be
// found out never reaches it. Which checks exist stands in the packages below
// this one; package all lists them. A program with checks of its own passes
// them, appended to all.Checks(), to cmd.Main.
package checks

import (
	"github.com/postmuster/postmuster/checks/fact"
)

// A Check asks one question about a subject.
type Check struct {
	ID    string // "spf-lookup-limit": kebab-case, area first, stable for ever
	Title string // a true statement about a healthy subject
	Why   string // what happens to mail otherwise
	Fix   string // what to do, with the record to publish where one can be written
	Refs  []string

	Category string // where its points are counted: "spf", "structure"
	Scope    Scope
	Profiles []Profile // where it applies; everywhere when empty
	Severity Severity  // one for each check: two severities are two checks
	Points   int       // points off when it fails; 0 for Info
	UpTo     int       // when not 0, points are for each finding, up to this

	Needs []fact.Key // the facts that Eval reads; reading another one is a bug that tests catch
	Eval  func(*Pass)
}

// MostPoints is what the check can cost at the most.
func (c *Check) MostPoints() int { return max(c.Points, c.UpTo) }

// AppliesTo reports whether the check is for subjects of this profile.
func (c *Check) AppliesTo(p Profile) bool {
	for _, q := range c.Profiles {
		if p == q {
			return true
		}
	}
	return len(c.Profiles) == 0
}

// Scope is what kind of subject a check judges.
type Scope string

// The kinds of subject.
const (
	Domain  Scope = "domain"
	Message Scope = "message"
)

// Profile is the use that a subject is judged for.
type Profile string

// The profiles of domains and of messages.
const (
	Sender      Profile = "sender"       // sends and receives
	SendOnly    Profile = "send-only"    // sends, receives nothing
	ReceiveOnly Profile = "receive-only" // receives, sends nothing
	Parked      Profile = "parked"       // neither sends nor receives

	Transactional Profile = "transactional" // one message to one person, about something that they did
	Marketing     Profile = "marketing"     // the same message to many
)

// ProfilesOf returns the profiles that a subject of this scope can have.
func ProfilesOf(s Scope) []Profile {
	if s == Message {
		return []Profile{Transactional, Marketing}
	}
	return []Profile{Sender, SendOnly, ReceiveOnly, Parked}
}

// Severity is how bad it is when a check fails. It follows the standard's own
// words and what mailbox providers document.
type Severity string

// The severities, worst first.
const (
	Blocker Severity = "blocker" // mail is being refused or lost today
	High    Severity = "high"    // a MUST is broken, or a mailbox provider filters on it
	Medium  Severity = "medium"  // a SHOULD, with effect
	Low     Severity = "low"     // a SHOULD, without much
	Info    Severity = "info"    // worth knowing; no points
)

// Severities returns all severities, worst first.
func Severities() []Severity { return []Severity{Blocker, High, Medium, Low, Info} }

// AtLeast reports whether s is as bad as t or worse. An unknown severity is
// worse than none.
func (s Severity) AtLeast(t Severity) bool { return s.rank() <= t.rank() }

// Compare orders severities, worst first.
func (s Severity) Compare(t Severity) int { return s.rank() - t.rank() }

func (s Severity) rank() int {
	for i, t := range Severities() {
		if s == t {
			return i
		}
	}
	return len(Severities())
}
