package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestWhatIsPublic(t *testing.T) {
	// Nothing is sent to any of these; the judgement alone is asked.
	for text, want := range map[string]bool{
		"8.8.8.8": true, "192.0.1.1": true, "172.32.0.1": true, "100.128.0.1": true, "2600::1": true, "2a00::1": true,
		"0.0.0.0": false, "10.0.0.1": false, "100.64.0.1": false, "127.0.0.1": false, "169.254.169.254": false, "172.31.255.255": false,
		"192.0.0.8": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.1.1": false, "198.19.0.1": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::7f00:1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "100::1": false, "2001::1": false,
		"2001:db8::1": false, "2002:7f00:1::": false, "3fff::1": false, "fc00::1": false, "fe80::1": false, "fe80::1%eth0": false,
		"fec0::1": false, "ff02::1": false, "2600::5efe:7f00:1": false, "2600::200:5efe:a00:1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true,
	} {
		p := &Public{Resolve: names(map[string]string{"host.example.com": text})}
		for _, host := range []string{text, "host.example.com", "HOST.example.com."} {
			_, err := p.addresses(t.Context(), host)
			if (err == nil) != want || err != nil && !errors.Is(err, ErrNotPublic) {
				t.Errorf("%s, as %s: %v, want it to be public: %v", text, host, err, want)
			}
		}
	}
}

func TestOneAddressThatIsNotPublicIsEnough(t *testing.T) {
	p := &Public{Resolve: names(map[string]string{"host.example.com": "8.8.8.8 10.0.0.1"}), Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a connection is made")
		return nil, errors.New("never")
	}}
	if _, err := p.DialContext(t.Context(), "tcp", "host.example.com:80"); !errors.Is(err, ErrNotPublic) {
		t.Errorf("connect = %v, want %v", err, ErrNotPublic)
	}
	var missing *net.DNSError
	if _, err := p.DialContext(t.Context(), "tcp", "none.example.com:80"); !errors.As(err, &missing) || !missing.IsNotFound {
		t.Errorf("connect to a name without address = %v", err)
	}
	if _, err := p.DialContext(t.Context(), "udp", "8.8.8.8:53"); !errors.Is(err, ErrForbidden) {
		t.Errorf("connect over udp = %v", err)
	}
}

// What was judged is what is connected to: the name is not looked up again.
func TestTheJudgedAddressIsConnectedTo(t *testing.T) {
	var asked []string
	p := &Public{
		Resolve: names(map[string]string{"host.example.com": "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5"}),
		Allow:   func(ip netip.Addr) bool { return ip.Is4() },
		Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			asked = append(asked, address)
			return nil, errors.New("refused")
		},
	}
	if _, err := p.DialContext(t.Context(), "tcp", "host.example.com:443"); err == nil {
		t.Fatal("connected")
	}
	if got, want := strings.Join(asked, " "), "192.0.2.1:443 192.0.2.2:443 192.0.2.3:443 192.0.2.4:443"; got != want {
		t.Errorf("connected to %s, want %s", got, want)
	}
}
