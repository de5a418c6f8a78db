package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// Before is the sequence number of the last message of earlier runs: those of
// this one come behind it.
func (s *Sink) Before() uint64 { return s.first }

// Transport reaches the sink's API from its own process, and trusts its certificate.
func (s *Sink) Transport() *http.Transport {
	t := &http.Transport{DisableKeepAlives: true}
	if s.config.HTTPTLS {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(s.CertificatePEM())
		t.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: s.certificateName()}
	}
	return t
}

// certificateName is a name that the certificate is for.
func (s *Sink) certificateName() string {
	certificate := s.config.TLS.Certificates[0]
	if leaf, err := x509.ParseCertificate(certificate.Certificate[0]); err == nil && len(leaf.DNSNames) > 0 {
		return leaf.DNSNames[0]
	}
	return "localhost"
}

// AwaitScores returns when all messages that were received have their score, or
// after the longest time that it should wait.
func (s *Sink) AwaitScores(ctx context.Context, longest time.Duration) error {
	if s.scorer == nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	err := s.awaitScores(waiting)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	return err
}

func (s *Sink) awaitScores(ctx context.Context) error {
	news := s.store.Subscribe("")
	for {
		if err := s.store.WaitCommitted(ctx); err != nil {
			return err
		}
		stats, err := s.store.Stats(ctx)
		if err != nil || stats.Unscored == 0 {
			return err
		}
		for {
			event, err := news.Next(ctx)
			if err != nil {
				return err
			}
			if event.Kind != store.Received {
				break
			}
		}
	}
}
