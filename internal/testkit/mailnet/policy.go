package mailnet

import (
	"crypto/tls"
	_ "embed"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"
)

//go:embed mta-sts.txt
var policy string

// web is a web server that stands for an address.
type web struct {
	*http.Server
	addr netip.AddrPort
}

// Addr is where it listens.
func (w web) Addr() netip.AddrPort { return w.addr }

// servePolicy serves the MTA-STS policy of example.com over HTTPS (RFC 8461 §3.3).
func servePolicy(certificate tls.Certificate) (web, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return web{}, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/mta-sts.txt", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, policy)
	})
	s := &http.Server{
		Handler: mux, ReadHeaderTimeout: time.Minute, // as RFC 8461 §3.3 has it for the whole fetch
		ErrorLog:  log.New(io.Discard, "", 0), // clients that hang up are no matter
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	go s.ServeTLS(listener, "", "")
	return web{s, netip.MustParseAddrPort(listener.Addr().String())}, nil
}
