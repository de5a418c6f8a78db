package spf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxRecord keeps the answer within a DNS message of 512 octets
	// (RFC 7208 §3.4), maxMessage is that message.
	maxRecord  = 450
	maxMessage = 512

	maxString = 255 // RFC 1035 §3.3: one character-string
)

// Lint parses a record and returns everything that is odd about it, errors and
// advice, in the order of the text.
func Lint(text string) []Issue { return Parse(text).Lint() }

// Lint returns the record's issues and advice on what works but is hardly meant.
func (r *Record) Lint() []Issue {
	l := &linter{record: r, issues: slices.Clone(r.Issues)}
	l.all()
	for i := range r.Terms {
		l.term(&r.Terms[i])
	}
	l.reporting()
	l.duplicates()
	l.networks()
	l.lookups()
	l.length()
	return inOrder(l.issues)
}

// inOrder sorts issues as the text has them, and bounds their number. Advice gives
// way to errors: without its error a record would pass for a valid one.
func inOrder(issues []Issue) []Issue {
	slices.SortStableFunc(issues, func(a, b Issue) int { return cmp.Compare(a.Position, b.Position) })
	tooMany := len(issues) - maxIssues
	for i := len(issues) - 1; i >= 0 && tooMany > 0; i-- {
		if issues[i].Severity != SeverityError {
			issues = slices.Delete(issues, i, i+1)
			tooMany--
		}
	}
	return issues[:min(len(issues), maxIssues)]
}

type linter struct {
	record *Record
	issues []Issue
}

func (l *linter) report(s Severity, code Code, t *Term, format string, args ...any) {
	l.issues = append(l.issues, Issue{s, code, fmt.Sprintf(format, args...), t.Position, t.Text})
}

// all judges the mechanism that ends the record, and what stands after it.
func (l *linter) all() {
	all, redirect := l.record.All(), l.record.Redirect()
	if all == nil {
		if redirect == nil && !l.meantAll() {
			l.issues = append(l.issues, Issue{SeverityWarning, CodeNoAll,
				"the record has neither all nor redirect, so that other senders get neutral", len(l.record.Text), ""})
		}
		return
	}
	switch all.Qualifier {
	case QualifierPass:
		l.report(SeverityWarning, CodePassAll, all, "every host on the Internet is authorised")
	case QualifierNeutral:
		l.report(SeverityWarning, CodeNeutralAll, all, "other senders get neutral, as if there were no policy")
	}
	if redirect != nil {
		l.report(SeverityWarning, CodeRedirectAndAll, redirect, "redirect is ignored in a record that has all")
	}
	for i := range l.record.Terms {
		t := &l.record.Terms[i]
		switch {
		case t.Position <= all.Position || !t.Kind.Mechanism():
		case t.Kind == KindAll:
			l.report(SeverityWarning, CodeDuplicateAll, t, "the record has all twice; only the first counts")
		default:
			l.report(SeverityWarning, CodeAfterAll, t, "never evaluated, as it stands after %s", all.Text)
		}
	}
}

// meantAll reports whether an all or a redirect is there but broken or glued,
// which another issue says already.
func (l *linter) meantAll() bool {
	return slices.ContainsFunc(l.record.Terms, func(t Term) bool {
		return gluedAll(t.Text) > 0 || !t.Valid && (t.Kind == KindAll || t.Kind == KindRedirect)
	})
}

// term judges a valid term by itself.
func (l *linter) term(t *Term) {
	if !t.Valid {
		return
	}
	if i := gluedAll(t.Text); i > 0 {
		l.report(SeverityWarning, CodeGluedAll, t, "%s is read as a part of the name; it needs a space before it", t.Text[i:])
	}
	switch t.Kind {
	case KindPTR:
		l.report(SeverityWarning, CodePTR, t, "ptr is slow and unreliable, and should not be used (RFC 7208 §5.5)")
	case KindIP4, KindIP6:
		l.network(t)
	case KindA, KindMX:
		if t.Bits4 <= wideIPv4 || t.Bits6 <= wideIPv6 {
			l.report(SeverityWarning, CodeWideNetwork, t, "a prefix so short authorises many organisations' hosts")
		}
	case KindModifier:
		if !isReporting(t) {
			l.report(SeverityInfo, CodeUnknownModifier, t, "receivers ignore the modifier %q", t.Name)
		}
	}
}

func (l *linter) network(t *Term) {
	switch purpose, reserved := Reserved(t.Prefix); {
	case t.Prefix.Addr().Is4In6():
		l.report(SeverityWarning, CodeMappedIP6, t, "an IPv4-mapped address never matches: such clients are compared with ip4")
	case Wide(t.Prefix):
		l.report(SeverityWarning, CodeWideNetwork, t, "a /%d authorises many organisations' hosts", t.Prefix.Bits())
	case reserved:
		l.report(SeverityWarning, CodeReservedNetwork, t, "the addresses are reserved (%s): no receiver sees them", purpose)
	}
	if masked := t.Prefix.Masked(); masked != t.Prefix {
		l.report(SeverityInfo, CodeHostBits, t, "the network is %s; the rest of the address is ignored", masked)
	}
}

func isReporting(t *Term) bool {
	switch strings.ToLower(t.Name) {
	case "ra", "rp", "rr":
		return t.Kind == KindModifier
	}
	return false
}

// reporting judges the modifiers of RFC 6652 §3.
func (l *linter) reporting() {
	hasAddress := slices.ContainsFunc(l.record.Terms, func(t Term) bool { return isReporting(&t) && strings.EqualFold(t.Name, "ra") })
	for i := range l.record.Terms {
		t := &l.record.Terms[i]
		if !t.Valid || !isReporting(t) {
			continue
		}
		name := strings.ToLower(t.Name)
		switch {
		case !validReporting(name, t.Value()):
			l.report(SeverityWarning, CodeReporting, t, "%q is not a value of %s (RFC 6652 §3)", t.Value(), name)
		case !hasAddress:
			l.report(SeverityWarning, CodeReporting, t, "%s has no effect without ra (RFC 6652 §3)", name)
		default:
			l.report(SeverityInfo, CodeReporting, t, "asks for failure reports (RFC 6652), which hardly any receiver sends")
		}
	}
}

func validReporting(name, value string) bool {
	switch name {
	case "ra": // a local part; the domain is the record's
		return value != "" && !strings.Contains(value, "@")
	case "rp":
		n, err := strconv.ParseUint(value, 10, 8)
		return err == nil && n <= 100
	}
	for kind := range strings.SplitSeq(strings.ToLower(value), ":") {
		switch kind {
		case "all", "e", "f", "s", "n":
		default:
			return false
		}
	}
	return true
}

// duplicates finds mechanisms that cannot match because they stood before.
func (l *linter) duplicates() {
	seen := map[string]*Term{}
	for i := range l.record.Terms {
		t := &l.record.Terms[i]
		if !t.Valid || !t.Kind.Mechanism() || t.Kind == KindAll {
			continue
		}
		bare := *t
		bare.Qualifier = QualifierPass
		bare.Prefix = bare.Prefix.Masked()
		key := strings.ToLower(bare.String())
		if first := seen[key]; first != nil {
			l.report(SeverityWarning, CodeDuplicateTerm, t, "%s stands before it, at octet %d", first.Text, first.Position)
			continue
		}
		seen[key] = t
	}
}

// networks finds those that lie in another one of the record. Equal ones are
// duplicates already.
func (l *linter) networks() {
	var networks []Network
	for i := range l.record.Terms {
		if t := &l.record.Terms[i]; t.Valid && t.Prefix.IsValid() {
			networks = append(networks, Network{Prefix: t.Prefix.Masked(), Term: t.Text, Position: t.Position})
		}
	}
	for _, o := range Overlaps(networks) {
		if o.Inner.Prefix != o.Outer.Prefix {
			l.report(SeverityInfo, CodeOverlap, &Term{Text: o.Inner.Term, Position: o.Inner.Position}, "lies within %s", o.Outer.Term)
		}
	}
}

// lookups counts what the record costs by itself, up to its all.
func (l *linter) lookups() {
	n := 0
	all := l.record.All()
	for i := range l.record.Terms {
		t := &l.record.Terms[i]
		if !t.Valid || !t.Kind.Queries() || all != nil && (t.Kind == KindRedirect || t.Position > all.Position) {
			continue
		}
		if n++; n == LookupLimit+1 {
			l.report(SeverityError, CodeLookupLimit, t, "more than %d terms ask the DNS, without counting what they lead to", LookupLimit)
		}
	}
}

// length judges the record's size, and the white space around it.
func (l *linter) length() {
	text := l.record.Text
	whole := func(s Severity, code Code, position int, format string, args ...any) {
		l.issues = append(l.issues, Issue{s, code, fmt.Sprintf(format, args...), position, ""})
	}
	switch n := len(text); {
	case n > maxMessage:
		whole(SeverityWarning, CodeLongRecord, maxMessage, "%d octets do not fit a DNS answer over UDP of %d (RFC 7208 §3.4)", n, maxMessage)
	case n > maxRecord:
		whole(SeverityInfo, CodeLongRecord, maxRecord, "%d octets; up to %d an answer surely fits a UDP message (RFC 7208 §3.4)", n, maxRecord)
	}
	if len(text) > maxString {
		whole(SeverityInfo, CodeLongString, maxString, "the record has to be published as %d strings of up to %d octets",
			(len(text)+maxString-1)/maxString, maxString)
	}
	if trimmed := strings.TrimRight(text, " \t\r\n"); trimmed != text {
		whole(SeverityInfo, CodeTrailingSpace, len(trimmed), "white space ends the record")
	}
}

// LintTXT is Lint for the strings of a TXT record, which receivers join without
// a space between them (RFC 7208 §3.3).
func LintTXT(texts []string) []Issue {
	issues := Lint(strings.Join(texts, ""))
	position := 0
	for i, text := range texts {
		if len(text) > maxString {
			issues = append(issues, Issue{SeverityError, CodeLongString,
				fmt.Sprintf("a string of %d octets; one holds at most %d", len(text), maxString), position, ""})
		}
		if i > 0 && joinsTerms(texts[i-1], text) {
			issues = append(issues, Issue{SeverityWarning, CodeStringJoin,
				"strings are joined without a space, which makes one term of two", position, ""})
		}
		position += len(text)
	}
	return inOrder(issues)
}

// joinsTerms reports whether a term ends where the next string begins another.
func joinsTerms(before, after string) bool {
	if before == "" || after == "" || before[len(before)-1] == ' ' || after[0] == ' ' {
		return false
	}
	first, _, _ := strings.Cut(after, " ")
	last := before[strings.LastIndexByte(before, ' ')+1:]
	if !Parse(version + " " + first).Valid() {
		return false
	}
	if strings.EqualFold(last, version) {
		return true
	}
	if !Parse(version + " " + last).Valid() {
		return false
	}
	// Two terms: what they make together is none, or hides the second one.
	return !Parse(version+" "+last+first).Valid() || strings.ContainsAny(first, ":=") || gluedAll(last+first) > 0
}
