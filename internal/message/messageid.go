package message

import "strings"

// maxMessageIDs is how many are read of one field; References grows with a thread.
const maxMessageIDs = 10_000

// A MessageID is one msg-id (RFC 5322 §3.6.4).
type MessageID struct {
	Left, Right string // around the @; Right is empty without one
	Raw         string // as written, with the angle brackets if it has them
}

// ParseMessageIDs reads the value of Message-ID, In-Reply-To or References.
// Words without angle brackets are taken too, and reported.
func ParseMessageIDs(value string) ([]MessageID, []Defect) {
	var ids []MessageID
	var defects []Defect
	s := scanner{s: value}
	for s.skipCFWS(); !s.done() && len(ids) < maxMessageIDs; s.skipCFWS() {
		at := s.i
		if s.accept('<') {
			s.until("<>")
			s.accept('>')
		} else {
			s.until(" \t\r\n<(")
		}
		id, ok := parseMessageID(value[at:s.i])
		if !ok && len(defects) < maxValueDefects {
			defects = append(defects, Defect{Kind: MessageIDSyntax, Offset: at, Count: 1, Detail: excerpt([]byte(id.Raw))})
		}
		ids = append(ids, id)
	}
	return ids, defects
}

// parseMessageID divides one msg-id and reports whether it is well-formed.
func parseMessageID(raw string) (MessageID, bool) {
	inner, opened := strings.CutPrefix(raw, "<")
	inner, closed := strings.CutSuffix(inner, ">")
	id := MessageID{Raw: raw, Left: inner}
	at := strings.LastIndexByte(inner, '@')
	if at >= 0 {
		id.Left, id.Right = inner[:at], inner[at+1:]
	}
	ok := opened && closed && isIDSide(id.Left) && (isIDSide(id.Right) || isIDLiteral(id.Right))
	return id, ok
}

// isIDSide reports whether s is dot-atom-text, UTF-8 allowed (RFC 6532 §3.2).
func isIDSide(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`()<>[]:;@\,"`, r)
	})
}

func isIDLiteral(s string) bool {
	inner, opened := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	return opened && closed && !strings.ContainsAny(inner, "[]\\ \t\r\n")
}
