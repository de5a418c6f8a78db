package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/postmuster/postmuster/internal/smtp"
)

// maxReason is how much of a reply a reason quotes; all of it is in the transcript.
const maxReason = 500

// A dialogue is a session while it is held.
type dialogue struct {
	config  *Config
	session *smtp.Session
	conn    net.Conn
	lines   *lineReader
	left    int
}

// A failure ends a session.
type failure struct {
	result smtp.Result
	step   smtp.Step
	reason string
}

// run connects, holds the session, and takes leave.
func (d *dialogue) run(ctx context.Context) *failure {
	if f := d.connect(ctx); f != nil {
		return f
	}
	raw := d.conn
	defer func() { d.conn.Close() }() // of TLS, once there is TLS
	// A cancellation interrupts a read that waits; QUIT can still be written.
	stop := context.AfterFunc(ctx, func() { raw.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	f := d.hold(ctx)
	if f == nil || f.speaksSMTP() {
		d.quit(ctx, f == nil)
	}
	return f
}

// speaksSMTP reports whether the peer is there and would understand a QUIT.
func (f *failure) speaksSMTP() bool {
	switch f.result {
	case smtp.ResultClosed, smtp.ResultNotSMTP, smtp.ResultTLSFailed:
		return false
	default:
		return f.step != smtp.StepTLS
	}
}

// hold goes through the steps; nil is a session that came to its end.
func (d *dialogue) hold(ctx context.Context) *failure {
	if f := d.banner(ctx); f != nil {
		return f
	}
	if f := d.hello(ctx); f != nil {
		return f
	}
	if _, offered := smtp.Extensions(d.session.EHLO)["STARTTLS"]; !offered {
		return nil
	}
	if f := d.startTLS(ctx); f != nil {
		return f
	}
	reply, f := d.ask(ctx, smtp.StepEHLOTLS, "EHLO "+d.config.HELO)
	d.session.EHLOTLS = reply
	if f != nil {
		return f
	}
	return refusal(smtp.StepEHLOTLS, "", reply)
}

func (d *dialogue) connect(ctx context.Context) *failure {
	ctx, cancel := context.WithTimeout(ctx, d.config.Timeouts.Connect)
	defer cancel()
	conn, err := d.config.Dial(ctx, "tcp", d.session.Target.Addr.String())
	if err != nil {
		return d.broken(ctx, smtp.StepConnect, err)
	}
	d.note(smtp.Note, "connected")
	d.use(conn)
	return nil
}

// use speaks over conn from here on.
func (d *dialogue) use(conn net.Conn) {
	d.conn = conn
	d.lines = newLineReader(conn, &d.left)
}

func (d *dialogue) banner(ctx context.Context) *failure {
	connected, silent := d.elapsed(), true
	reply, f := d.read(ctx, smtp.StepBanner, d.config.Timeouts.Banner, func() {
		if silent {
			d.session.BannerWait, silent = d.elapsed()-connected, false
		}
	})
	d.session.Banner = reply
	if f != nil {
		return f
	}
	return refusal(smtp.StepBanner, "", reply)
}

// hello says EHLO, and HELO to a server that does not know EHLO (RFC 5321 §3.2).
// Any other refusal, such as 550, is about us and not about the command.
func (d *dialogue) hello(ctx context.Context) *failure {
	reply, f := d.ask(ctx, smtp.StepEHLO, "EHLO "+d.config.HELO)
	d.session.EHLO = reply
	if f != nil {
		return f
	}
	if reply.Code != 500 && reply.Code != 502 {
		return refusal(smtp.StepEHLO, "", reply)
	}
	if reply, f = d.ask(ctx, smtp.StepEHLO, "HELO "+d.config.HELO); f != nil {
		return f
	}
	return refusal(smtp.StepEHLO, "HELO: ", reply)
}

// ask says a command and reads the reply to it.
func (d *dialogue) ask(ctx context.Context, step smtp.Step, command string) (*smtp.Reply, *failure) {
	d.conn.SetWriteDeadline(d.deadline(ctx, d.config.Timeouts.Reply))
	if err := d.say(command); err != nil {
		return nil, d.broken(ctx, step, err)
	}
	return d.read(ctx, step, d.config.Timeouts.Reply, func() {})
}

func (d *dialogue) say(command string) error {
	d.note(smtp.FromClient, command)
	_, err := io.WriteString(d.conn, command+"\r\n")
	return err
}

// read reads one reply, calling heard for each of its lines.
func (d *dialogue) read(ctx context.Context, step smtp.Step, timeout time.Duration, heard func()) (*smtp.Reply, *failure) {
	d.conn.SetReadDeadline(d.deadline(ctx, timeout))
	// A cancellation moves the deadline of a read that waits; one from before
	// the deadline was set shows here.
	if ctx.Err() != nil {
		return nil, d.broken(ctx, step, ctx.Err())
	}
	reply, err := readReply(d.lines, func(line string) {
		heard()
		d.note(smtp.FromServer, line)
	})
	if err != nil {
		return nil, d.broken(ctx, step, err)
	}
	return reply, nil
}

// deadline is when a step ends: after its own timeout, or with the session's.
func (d *dialogue) deadline(ctx context.Context, timeout time.Duration) time.Time {
	deadline := time.Now().Add(timeout) // the kernel's clock, not the transcript's
	if whole, ok := ctx.Deadline(); ok && whole.Before(deadline) {
		return whole
	}
	return deadline
}

// quit says QUIT, which ends every session with somebody who speaks SMTP
// (RFC 5321 §4.1.1.10), whatever became of it before. The reply is waited for
// only when all went well.
func (d *dialogue) quit(ctx context.Context, wait bool) {
	deadline := time.Now().Add(d.config.Timeouts.QUIT)
	d.conn.SetWriteDeadline(deadline)
	if d.say("QUIT") != nil || !wait {
		return
	}
	if _, f := d.read(ctx, smtp.StepQUIT, d.config.Timeouts.QUIT, func() {}); f != nil {
		d.note(smtp.Note, f.reason)
	}
}

func (d *dialogue) elapsed() time.Duration { return d.config.Now().Sub(d.session.At) }

func (d *dialogue) note(from smtp.Direction, text string) {
	d.session.Transcript = append(d.session.Transcript, smtp.Line{At: d.elapsed(), From: from, Text: text})
}

// refusal is the failure that a reply other than 2yz is.
func refusal(step smtp.Step, command string, reply *smtp.Reply) *failure {
	result := smtp.ResultNotSMTP // 3yz has no place here
	switch reply.Code / 100 {
	case 2:
		return nil
	case 4:
		result = smtp.ResultTempFail
	case 5:
		result = smtp.ResultPermFail
	}
	text := fmt.Sprintf("%s: %s%d %.*s", step, command, reply.Code, maxReason, strings.Join(reply.Lines, " "))
	return &failure{result, step, strings.TrimSpace(text)}
}

// broken is the failure that an error of the connection is.
func (d *dialogue) broken(ctx context.Context, step smtp.Step, err error) *failure {
	result := d.classify(ctx, step, err)
	reason := err.Error()
	var op *net.OpError
	switch {
	case result == smtp.ResultCanceled:
		reason = "canceled"
	case result == smtp.ResultTimeout:
		reason = "timeout"
	case errors.Is(err, io.EOF):
		reason = "connection closed by the peer"
	case errors.As(err, &op):
		reason = op.Err.Error() // without the addresses, of which ours varies
		var call *os.SyscallError
		if errors.As(op.Err, &call) {
			reason = call.Err.Error()
		}
	}
	return &failure{result, step, string(step) + ": " + reason}
}

func (d *dialogue) classify(ctx context.Context, step smtp.Step, err error) smtp.Result {
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(err, errLimit):
		return smtp.ResultLimit
	case errors.Is(err, errNotSMTP):
		return smtp.ResultNotSMTP
	case errors.Is(ctx.Err(), context.Canceled):
		return smtp.ResultCanceled
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return smtp.ResultTimeout
	case step == smtp.StepConnect && errors.Is(err, syscall.ECONNREFUSED):
		return smtp.ResultRefused
	case step == smtp.StepConnect && errors.Is(err, syscall.ECONNRESET):
		return smtp.ResultClosed
	case step == smtp.StepConnect:
		return smtp.ResultUnreachable
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"):
		return smtp.ResultTLSFailed // crypto/tls: an alert, perhaps after the handshake
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return smtp.ResultClosed
	case step == smtp.StepTLS, step == smtp.StepEHLOTLS:
		return smtp.ResultTLSFailed
	default:
		return smtp.ResultClosed
	}
}

// startTLS asks for TLS and holds the handshake (RFC 3207).
func (d *dialogue) startTLS(ctx context.Context) *failure {
	reply, f := d.ask(ctx, smtp.StepSTARTTLS, "STARTTLS")
	d.session.STARTTLS = reply
	if f != nil {
		return f
	}
	if f := refusal(smtp.StepSTARTTLS, "", reply); f != nil {
		return f
	}
	if d.lines.in.Buffered() > 0 {
		// A server waits for the client's hello. What comes before it was
		// inserted by somebody, or belongs to no reply (RFC 3207 §6).
		return &failure{smtp.ResultNotSMTP, smtp.StepSTARTTLS, "STARTTLS: more text after the reply, before TLS"}
	}
	d.session.TLS = &smtp.TLS{}
	conn := tls.Client(d.conn, d.tlsConfig())
	d.conn.SetDeadline(time.Time{})
	handshake, cancel := context.WithTimeout(ctx, d.config.Timeouts.TLS)
	defer cancel()
	if err := conn.HandshakeContext(handshake); err != nil {
		f := d.broken(handshake, smtp.StepTLS, err)
		d.session.TLS.Alert = strings.TrimPrefix(f.reason, string(smtp.StepTLS)+": ")
		d.note(smtp.Note, f.reason)
		return f
	}
	state := conn.ConnectionState()
	d.session.TLS.Version, d.session.TLS.Cipher = state.Version, state.CipherSuite
	d.note(smtp.Note, tls.VersionName(state.Version)+" "+tls.CipherSuiteName(state.CipherSuite))
	d.use(conn)
	return nil
}
