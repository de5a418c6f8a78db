package smtp

import (
	"slices"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/message"
)

// command reads one command line, and does what go-smtp must not see or would
// get wrong. What is left is fed to it.
func (l *leg) command() error {
	c := l.conn
	line, err := c.line()
	if err != nil {
		return err
	}
	text := strings.TrimRight(string(line), "\r\n")
	if c.replied == 334 {
		c.transcript.client(hidden)
		c.feed = line
		return nil
	}
	verb, arg, _ := strings.Cut(text, " ")
	verb, arg = strings.ToUpper(verb), strings.TrimSpace(arg)
	c.feed, c.verb, c.lastLine = line, verb, true
	if verb == "MAIL" {
		c.transcript.transaction()
	}
	c.transcript.client(withoutCredentials(verb, text))
	switch verb {
	case "HELO", "EHLO", "LHLO":
		c.verb = "EHLO"
		c.given = greeting{name: arg, esmtp: verb != "HELO"}
		if c.in.len() > 0 {
			c.early("EHLO") // RFC 2920 §3.1
		}
	case "MAIL", "RCPT":
		c.readPath(text, verb, arg)
	case "BDAT":
		c.readBDAT(arg)
	}
	if c.strangeProxy(verb, line) {
		return nil
	}
	if strings.ContainsFunc(text, isControl) {
		c.feed = nil
		c.refuse("500 5.5.2 a control character in a command")
		c.skipChunk()
		return nil
	}
	if c.running.Faults != nil && l.fault() {
		return nil
	}
	switch verb {
	case "STARTTLS":
		return l.startTLS()
	case "XCLIENT":
		l.xclient(arg)
	}
	return nil
}

// isControl tells of what no command may contain (RFC 5321 §4.1.2), and what would
// be a command or a field of its own where an address is passed on.
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

const hidden = "(credentials, not kept)"

// withoutCredentials returns the text of a command as it may be kept.
func withoutCredentials(verb, text string) string {
	if verb != "AUTH" {
		return text
	}
	if fields := strings.Fields(text); len(fields) > 2 {
		return fields[0] + " " + fields[1] + " " + hidden
	}
	return text
}

// greeted completes the reply to EHLO with what go-smtp does not know, because
// TLS is ours; the first line is the greeting.
func (c *conn) greeted(first, last bool) {
	if first && !last {
		if c.tls != nil {
			c.reply("250-REQUIRETLS") // RFC 8689 §2: only offered over TLS
		} else if c.running.TLS != nil {
			c.reply("250-STARTTLS")
		}
		if among(c.running.XClientFrom, c.direct.Addr()) {
			c.reply("250-" + xclientOffer)
		}
	}
	if last {
		c.greeting = c.given
	}
}

// readBDAT finds how many bytes follow, in the same way as go-smtp: it reads
// them whether it wants the chunk or not.
func (c *conn) readBDAT(arg string) {
	fields := strings.Fields(arg)
	if len(fields) == 0 || len(fields) > 2 || len(fields) == 2 && !strings.EqualFold(fields[1], "LAST") {
		return
	}
	size, err := strconv.ParseUint(fields[0], 10, 32)
	if err != nil {
		return
	}
	c.chunk, c.chunkSize = int64(size), int64(size)
	c.chunkPace = c.newPace()
}

// A path is the argument of MAIL or RCPT.
type path struct {
	mailbox string // as written, without angle brackets and source route
	params  message.Params
	size    int // of the line
}

// readPath keeps how path and parameters were written.
func (c *conn) readPath(text, verb, arg string) {
	keyword := map[string]string{"MAIL": "FROM:", "RCPT": "TO:"}[verb]
	if len(arg) < len(keyword) || !strings.EqualFold(arg[:len(keyword)], keyword) {
		return // go-smtp refuses it
	}
	written := strings.TrimSpace(arg[len(keyword):])
	mailbox, rest := cutPath(written)
	c.path = path{mailbox: mailbox, params: parseParams(rest), size: len(text)}
	written = written[:len(written)-len(rest)]
	if mailbox != "" && !strings.Contains(mailbox, "@") {
		// go-smtp insists on a domain, but <postmaster> has none (RFC 5321
		// §4.5.1), and programs on the same host leave it out.
		written = "<" + mailbox + "@" + c.running.Domain + ">"
	} else if verb != "MAIL" || !slices.ContainsFunc(c.path.params, misplaced) {
		return
	}
	c.feed = []byte(verb + " " + keyword + written)
	for _, p := range c.path.params {
		if verb == "MAIL" && misplaced(p) {
			continue
		}
		c.feed = append(c.feed, " "+p.Keyword...)
		if p.Value != "" {
			c.feed = append(c.feed, "="+p.Value...)
		}
	}
	c.feed = append(c.feed, "\r\n"...)
}

// misplaced tells that a parameter belongs to MAIL, but go-smtp knows it with
// RCPT only: DELIVERBY's (RFC 2852 §4) and MT-PRIORITY's (RFC 6710 §3).
func misplaced(p message.Param) bool {
	return strings.EqualFold(p.Keyword, "BY") || strings.EqualFold(p.Keyword, "MT-PRIORITY")
}

// cutPath cuts "<@a,@b:user@example.com> SIZE=1" behind the path, and returns
// the mailbox in it.
func cutPath(s string) (mailbox, rest string) {
	end := pathEnd(s)
	mailbox, rest = s[:end], s[end:]
	if inner, ok := strings.CutPrefix(mailbox, "<"); ok {
		mailbox = strings.TrimSuffix(inner, ">")
	}
	if strings.HasPrefix(mailbox, "@") {
		if _, after, ok := strings.Cut(mailbox, ":"); ok {
			mailbox = after // a source route, to be ignored (RFC 5321 §3.6.1)
		}
	}
	return mailbox, rest
}

// pathEnd returns where the path ends: behind ">", or before a space if there
// are no angle brackets; neither counts in a quoted string.
func pathEnd(s string) int {
	bracket, quoted := strings.HasPrefix(s, "<"), false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case bracket && s[i] == '>':
			return i + 1
		case !bracket && (s[i] == ' ' || s[i] == '\t'):
			return i
		}
	}
	return len(s)
}

// parseParams reads ESMTP parameters as they are written (RFC 5321 §4.1.2).
func parseParams(s string) (params message.Params) {
	for _, field := range strings.Fields(s) {
		keyword, value, _ := strings.Cut(field, "=")
		params = append(params, message.Param{Keyword: keyword, Value: value})
	}
	return params
}

// replyCode returns the code of a reply line, 0 if it has none.
func replyCode(line string) int {
	code, err := strconv.Atoi(line[:min(3, len(line))])
	if err != nil {
		return 0
	}
	return code
}
