package smtp

import (
	"crypto/tls"
	"crypto/x509"
)

// tlsConfig lets the handshake come to its end with whatever the peer has: old
// versions, weak ciphers and bad certificates are things to report.
func (d *dialogue) tlsConfig() *tls.Config {
	return &tls.Config{
		ServerName:   d.session.Target.Host,
		Time:         d.config.Now,
		MinVersion:   tls.VersionTLS10,
		CipherSuites: allCipherSuites(),
		// Without the large post-quantum share, which some old servers cannot
		// read: their failure would be ours.
		CurvePreferences:   []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
		InsecureSkipVerify: true, // verified below, without ending the handshake
		VerifyConnection: func(state tls.ConnectionState) error {
			d.verify(state.PeerCertificates)
			return nil
		},
	}
}

func allCipherSuites() []uint16 {
	var ids []uint16
	for _, suite := range tls.CipherSuites() {
		ids = append(ids, suite.ID)
	}
	for _, suite := range tls.InsecureCipherSuites() {
		ids = append(ids, suite.ID)
	}
	return ids
}

// verify keeps the chain, and why it would not verify. It runs in the middle of
// the handshake, so that the chain is also kept when that fails later.
func (d *dialogue) verify(chain []*x509.Certificate) {
	state := d.session.TLS
	state.Chain = chain
	if len(chain) == 0 {
		state.ChainError, state.NameError = "no certificate", "no certificate"
		return
	}
	state.ChainError = chainError(chain, d.config)
	if err := chain[0].VerifyHostname(d.session.Target.Host); err != nil {
		state.NameError = err.Error()
	}
}

func chainError(chain []*x509.Certificate, c *Config) string {
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         c.Roots,
		Intermediates: intermediates,
		CurrentTime:   c.Now(),
	})
	if err != nil {
		return err.Error()
	}
	return ""
}
