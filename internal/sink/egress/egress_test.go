package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// names resolves from a table: addresses, separated by spaces.
func names(table map[string]string) func(context.Context, string) ([]netip.Addr, error) {
	return func(_ context.Context, host string) ([]netip.Addr, error) {
		var addrs []netip.Addr
		for _, s := range strings.Fields(table[host]) {
			addrs = append(addrs, netip.MustParseAddr(s))
		}
		return addrs, nil
	}
}

func TestOnlyNamedTargetsAreReached(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	d, err := New(names(map[string]string{"localhost": "127.0.0.1", "hooks.example.com": "127.0.0.1"}),
		"127.0.0.1:"+port, "LOCALHOST.:"+port, "hooks.example.com:"+port)
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]error{
		"127.0.0.1:" + port:          nil, // named by its address: meant
		"localhost:" + port:          nil,
		"hooks.example.com:" + port:  ErrForbidden, // a name that was made to lead to this machine
		"127.0.0.1:1":                ErrNotNamed,
		"127.1:" + port:              ErrNotNamed,
		"[::1]:" + port:              ErrNotNamed,
		"[::ffff:127.0.0.1]:" + port: ErrNotNamed,
		"2130706433:" + port:         ErrNotNamed,
		"hooks.example.net:" + port:  ErrNotNamed,
		"169.254.169.254:80":         ErrNotNamed,
	} {
		conn, err := d.DialContext(t.Context(), "tcp", addr)
		if conn != nil {
			conn.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("connect to %s = %v, want %v", addr, err, want)
		}
	}
}

func TestWhereANameMayLead(t *testing.T) {
	for addr, want := range map[string]bool{
		"192.0.2.1": true, "10.1.2.3": true, "172.18.0.4": true, "2001:db8::1": true, "fd00::1": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "0.0.0.0": false, "0.1.2.3": false, "::": false,
		"100.63.255.255": true, "100.64.0.1": false, "100.100.100.200": false, "100.127.255.255": false, "100.128.0.1": true,
		"::ffff:100.64.0.1": false, "fd00:ec2::254": false,
		"169.254.169.254": false, "fe80::1": false, "224.0.0.1": false, "255.255.255.255": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b:1::7f00:1": false, "2002:7f00:1::1": false, "2001:0:7f00:1::": false,
		"fec0::1": false, "2001:db8::5efe:7f00:1": false, "2001:db8::200:5efe:7f00:1": false,
	} {
		d, err := New(names(map[string]string{"hooks.example.com": "192.0.2.9 " + addr}), "hooks.example.com:80")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.addresses(t.Context(), "hooks.example.com"); (err == nil) != want {
			t.Errorf("a name that leads to %s: %v", addr, err)
		}
	}
}

func TestTargetsAreWrittenInFull(t *testing.T) {
	for _, target := range []string{"", "hooks.example.com", ":80", "hooks.example.com:", "http://hooks.example.com:80/"} {
		if _, err := New(nil, target); err == nil {
			t.Errorf("the target %q is taken", target)
		}
	}
}
