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

// intoInboxes puts a message, which nobody has read, into inboxes.
func (a *applier) intoInboxes(seq uint64, names []string) error {
	for _, name := range names {
		if _, err := a.exec("INSERT INTO inboxes (inbox, seq) VALUES (?, ?)", name, seq); err != nil {
			return err
		}
		_, err := a.exec(`INSERT INTO inbox_counts (inbox, messages, unread) VALUES (?, 1, 1)
			ON CONFLICT (inbox) DO UPDATE SET messages = messages + 1, unread = unread + 1`, name)
		if err != nil {
			return err
		}
	}
	return nil
}

// outOfInboxes takes a message out of its inboxes, and those away that are empty
// then; unread is 1 for a message that was not read, 0 for one that was.
func (a *applier) outOfInboxes(seq uint64, unread int64) error {
	n, err := a.exec("UPDATE inbox_counts SET messages = messages - 1, unread = unread - ? WHERE inbox IN (SELECT inbox FROM inboxes WHERE seq = ?)", unread, seq)
	if err != nil || n == 0 {
		return err
	}
	if _, err := a.exec("DELETE FROM inboxes WHERE seq = ?", seq); err != nil {
		return err
	}
	_, err = a.exec("DELETE FROM inbox_counts WHERE messages = 0")
	return err
}

// readInInboxes counts a message that became unread, or with -1 one that was read.
func (a *applier) readInInboxes(seq uint64, more int64) error {
	_, err := a.exec("UPDATE inbox_counts SET unread = unread + ? WHERE inbox IN (SELECT inbox FROM inboxes WHERE seq = ?)", more, seq)
	return err
}
