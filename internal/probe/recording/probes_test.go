package recording

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	probe "github.com/postmuster/postmuster/internal/probe/smtp"
	"github.com/postmuster/postmuster/internal/smtp"
	"github.com/postmuster/postmuster/internal/testkit/smtptest"
)

// A session that was really held is the same when it is replayed.
func TestARealSessionIsReplayed(t *testing.T) {
	cert := smtptest.SelfSigned(smtptest.Leaf{Names: []string{"mail.example.org"}})
	server, err := smtptest.Listen(smtptest.Config{
		Hostname:   "mx.example.com",
		Extensions: []string{"SIZE 1000"},
		TLS:        &tls.Config{Certificates: []tls.Certificate{cert}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	recorder := NewRecorder(time.Now())
	live := recorder.Prober(probe.New(probe.Config{
		HELO: "probe.example.net",
		Now:  time.Now,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Addr().String())
		},
	}))
	target := smtp.Target{Host: "mx.example.com", Addr: netip.MustParseAddrPort("192.0.2.1:25")}
	held := live.Probe(t.Context(), target)
	if held.Result != smtp.ResultOK || held.TLS.ChainError == "" || held.TLS.NameError == "" {
		t.Fatalf("%v %s, TLS %+v", held.Result, held.Reason, held.TLS)
	}
	var file bytes.Buffer
	if err := recorder.Write(&file); err != nil {
		t.Fatal(err)
	}
	r, err := Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(held, r.Prober().Probe(t.Context(), target), same); diff != "" {
		t.Errorf("replayed (-held +replayed):\n%s", diff)
	}
}
