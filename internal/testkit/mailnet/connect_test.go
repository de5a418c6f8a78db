package mailnet

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// TestNoMailServerIsOutside keeps the line that the demo prints from sending a
// packet to an address of documentation.
func TestNoMailServerIsOutside(t *testing.T) {
	n, err := Start(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	led := map[string]bool{}
	for _, pair := range n.ConnectTo() {
		from, to, _ := strings.Cut(pair, "=")
		led[from] = true
		if addr, err := netip.ParseAddrPort(to); err != nil || !addr.Addr().IsLoopback() {
			t.Errorf("%s does not lead to this machine", pair)
		}
	}
	for _, domain := range Domains {
		for _, host := range hostsOf(t, n, domain) {
			for _, addr := range host {
				if target := netip.AddrPortFrom(addr, smtpPort).String(); !led[target] {
					t.Errorf("%s of %s is led nowhere", target, domain)
				}
			}
		}
	}
}

func hostsOf(t *testing.T, n *Net, domain string) (hosts [][]netip.Addr) {
	t.Helper()
	resolve := func(name string, dnsType dns.Type) *dns.Answer {
		answer, err := n.DNS.Resolve(t.Context(), dns.Question{Name: name, Type: dnsType})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	for _, mx := range resolve(domain, dns.TypeMX).MXs() {
		hosts = append(hosts, resolve(mx.Host, dns.TypeA).Addrs(), resolve(mx.Host, dns.TypeAAAA).Addrs())
	}
	if len(hosts) == 0 {
		t.Errorf("%s has no mail server", domain)
	}
	return hosts
}
