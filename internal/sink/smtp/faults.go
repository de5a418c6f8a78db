package smtp

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

// occasions are the commands that a script can name.
var occasions = map[string]fault.Command{
	"EHLO": fault.HELO, "AUTH": fault.Auth, "STARTTLS": fault.StartTLS, "MAIL": fault.Mail, "RCPT": fault.Rcpt,
	"DATA": fault.Data, "BDAT": fault.Data, "RSET": fault.Rset, "NOOP": fault.Noop, "VRFY": fault.Vrfy, "QUIT": fault.Quit,
}

// occasion describes the command that is being answered.
func (c *conn) occasion(command fault.Command) fault.Occasion {
	o := fault.Occasion{Command: command, Connection: c.id, HELO: c.greeting.name, From: c.envelope.MailFrom}
	if c.peer.IsValid() {
		o.Peer = c.peer.Addr().String()
	}
	switch command {
	case fault.HELO:
		o.HELO = c.given.name
	case fault.Mail:
		o.From = c.path.mailbox
	case fault.Rcpt:
		o.To = []string{c.path.mailbox}
	case fault.Data, fault.Body:
		for _, r := range c.envelope.Rcpt {
			o.To = append(o.To, r.To)
		}
	}
	return o
}

// decide finds out what is to go wrong with the next reply. What was said
// before is sent first if this one is held up.
func (c *conn) decide(command fault.Command) fault.Decision {
	if c.running.Faults == nil {
		return fault.Decision{}
	}
	return c.commit(c.ask(c.occasion(command)))
}

// ask returns what the script wants, and marks it in the transcript.
func (c *conn) ask(o fault.Occasion) fault.Decision {
	d := c.running.Faults.Decide(o)
	for _, mark := range d.Marks {
		c.transcript.fault(mark)
	}
	return d
}

func (c *conn) commit(d fault.Decision) fault.Decision {
	if isSlow(c.wrong) || isSlow(d) {
		c.flush() // an error comes again with the reply
	}
	c.wrong = d
	return d
}

func isSlow(d fault.Decision) bool { return d.Delay > 0 || d.Line > 0 || d.Bytes > 0 }

// refuses reports whether the command is not to be carried out.
func refuses(d fault.Decision) bool {
	return d.Drop == fault.DropBefore || d.Reply != nil && d.Reply.Code/100 != 2
}

// fault reports whether a fault took the place of the command.
func (l *leg) fault() bool {
	c := l.conn
	command, known := occasions[c.verb]
	if !known {
		command = fault.Any
	}
	d := c.decide(command)
	if !refuses(d) {
		return false
	}
	c.feed = nil
	if d.Drop == fault.DropBefore {
		c.drop()
		return true
	}
	if command == fault.Data {
		c.skipChunk()
		c.feed, l.mute = []byte("RSET\r\n"), true // the transaction has failed
	}
	c.say(d.Reply)
	return true
}

// say replies as a script wants it.
func (c *conn) say(r *fault.Reply) {
	for _, line := range r.Lines() {
		c.reply(line)
	}
	if r.Code >= 400 {
		c.failed = true
	}
	if r.Code == 421 {
		c.broken = true // RFC 5321 §3.8: it closes the connection
	}
}

// drop ends the connection without another word.
func (c *conn) drop() {
	c.flush() // what was said before is not part of the fault
	c.hold()
	c.failed, c.broken = true, true
}

// hold waits in place of a reply that was to be held up.
func (c *conn) hold() {
	if c.wrong.Delay > 0 {
		c.running.Sleep(c.running.ctx, c.wrong.Delay)
		c.wrong.Delay = 0
	}
}

// skipChunk reads what follows a BDAT that is not passed on.
func (c *conn) skipChunk() {
	var scratch [smallBuffer]byte
	for c.chunk > 0 {
		if _, err := c.readChunk(scratch[:]); err != nil {
			return // noted already
		}
	}
}

// faultyReply does what is to go wrong with a line of a reply, and reports
// whether that was all.
func (c *conn) faultyReply(line string) bool {
	d := c.wrong
	if d.Drop == fault.DropBefore || d.Drop == fault.DropInstead {
		c.drop()
		return true
	}
	if d.Reply == nil || d.Reply.Code/100 == 2 && replyCode(line)/100 != 2 {
		return false
	}
	if c.lastLine {
		c.say(d.Reply)
		if c.verb == "EHLO" {
			c.greeting = c.given
		}
	}
	return true
}

// flushSlowly sends replies as slowly as a script wants it. When the server
// ends meanwhile, what is left goes out at once.
func (c *conn) flushSlowly() error {
	wait := c.running.Sleep
	if wait(c.running.ctx, c.wrong.Delay) != nil {
		return c.send(c.out)
	}
	c.wrong.Delay = 0 // once for a reply
	for line := range bytes.Lines(slices.Clone(c.out)) {
		if c.wrong.Line > 0 && wait(c.running.ctx, c.wrong.Line) != nil {
			return c.send(line)
		}
		for len(line) > 0 {
			piece := line
			if c.wrong.Bytes > 0 {
				piece = line[:min(len(line), max(1, c.wrong.Bytes/maxPiecesASecond))]
				if wait(c.running.ctx, time.Duration(len(piece))*time.Second/time.Duration(c.wrong.Bytes)) != nil {
					return c.send(line)
				}
			}
			if err := c.send(piece); err != nil {
				return err
			}
			line = line[len(piece):]
		}
	}
	return nil
}

// maxPiecesASecond is how smoothly bytes are sent at a rate.
const maxPiecesASecond = 10

// sleep is Config.Sleep outside of tests.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// receiveEach answers for each recipient of LMTP (RFC 2033 §4.2): faults may
// befall some of them. status is told last, because from then on the reply is
// written by another goroutine.
func (c *conn) receiveEach(read *content, chunked bool, status gosmtp.StatusCollector) {
	envelope, names := c.envelope, c.names
	decisions := make([]fault.Decision, len(names))
	var kept []message.Rcpt
	var all fault.Decision
	for i, rcpt := range envelope.Rcpt {
		decisions[i] = c.decideFor(rcpt.To)
		all = together(all, decisions[i])
		if !refuses(decisions[i]) {
			kept = append(kept, rcpt)
		}
	}
	c.commit(all)
	var delivered error
	defer read.forget()
	if len(kept) > 0 && all.Drop != fault.DropBefore {
		envelope.Rcpt = kept
		delivered = c.deliver(read, &envelope, chunked)
	}
	for i, name := range names {
		status.SetStatus(name, answer(decisions[i], delivered))
	}
}

// answer returns the status of a recipient.
func answer(d fault.Decision, delivered error) error {
	reply := (*gosmtp.SMTPError)(nil)
	taken := delivered == nil || errors.As(delivered, &reply) && reply.Code/100 == 2
	if d.Reply != nil && (taken || refuses(d)) {
		said := (&Reply{d.Reply.Code, d.Reply.Enhanced, d.Reply.Text}).err()
		if d.Reply.Enhanced == "" {
			said.EnhancedCode = gosmtp.NoEnhancedCode // as it was written
		}
		return said
	}
	return delivered
}

func (c *conn) decideFor(rcpt string) fault.Decision {
	if c.running.Faults == nil {
		return fault.Decision{}
	}
	o := c.occasion(fault.Body)
	o.To = []string{rcpt}
	return c.ask(o)
}

// together returns what befalls a group of replies.
func together(a, b fault.Decision) fault.Decision {
	sum := fault.Decision{Marks: append(a.Marks, b.Marks...), Drop: a.Drop}
	if sum.Drop == "" {
		sum.Drop = b.Drop
	}
	sum.Delay, sum.Line, sum.Bytes = min(a.Delay+b.Delay, fault.MaxDelay), max(a.Line, b.Line), a.Bytes
	if a.Bytes == 0 || b.Bytes > 0 && b.Bytes < a.Bytes {
		sum.Bytes = b.Bytes
	}
	return sum
}
