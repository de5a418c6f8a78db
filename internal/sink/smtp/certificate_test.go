package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"
)

func TestSelfSignedIsGoodForItsNames(t *testing.T) {
	certificate, err := SelfSigned([]string{"sink.example.com", "127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := serve(t, func(c *Config) {
		c.TLS, c.ImplicitTLS = &tls.Config{Certificates: []tls.Certificate{certificate}}, true
	})
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	for _, name := range []string{"sink.example.com", "127.0.0.1"} {
		conn, err := net.Dial("tcp", w.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		if err := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: name}).Handshake(); err != nil {
			t.Errorf("for %s: %v", name, err)
		}
		conn.Close()
	}
}
