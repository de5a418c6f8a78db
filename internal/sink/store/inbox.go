package store

import (
	"strings"
	"unicode"

	"github.com/postmuster/postmuster/internal/message"
)

const (
	// inboxField names an inbox in a message.
	inboxField = "X-Postmuster-Inbox"
	// maxInboxes is how many inboxes one message is in.
	maxInboxes = 100
	// maxName bounds the name of an inbox or a tag.
	maxName = 100
)

// inboxesOf returns the inboxes of a message: those its field names, those of its
// recipients' plus-addresses, and that of its AUTH identity.
func inboxesOf(m *message.Message, tree *message.Tree) []string {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		name = inboxName(name)
		if name != "" && !seen[name] && len(names) < maxInboxes {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, f := range tree.Header().All(inboxField) {
		add(f.Text())
	}
	if m.Envelope != nil {
		for _, rcpt := range m.Envelope.Rcpt {
			add(plusDetail(rcpt.To))
		}
	}
	if m.Session != nil {
		add(m.Session.AuthIdentity)
	}
	return names
}

// plusDetail returns the part of an address between "+" and "@" (RFC 5233).
func plusDetail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		at = len(address)
	}
	_, detail, _ := strings.Cut(address[:at], "+")
	return strings.TrimSuffix(detail, `"`)
}

// inboxName returns a name as inboxes are compared; empty for one that none has.
func inboxName(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if !validName(name) {
		return ""
	}
	return name
}

// validName tells whether an inbox or a tag may have the name.
func validName(name string) bool {
	return name != "" && len(name) <= maxName && strings.ToValidUTF8(name, "") == name &&
		strings.IndexFunc(name, unicode.IsControl) < 0
}
