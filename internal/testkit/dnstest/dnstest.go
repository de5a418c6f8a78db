// Package dnstest answers DNS questions from a world written as zone text: in
// memory, or as a real name server on loopback.
//
// A world holds the records of any number of domains, each with its full name,
// and answers as a resolver would that had asked them all: names that are not
// there get NXDOMAIN, names between or with other types NODATA, an asterisk
// stands for names that do not exist (RFC 4592), and CNAMEs are followed.
//
// What goes wrong is written in the same text:
//
//	_fail.NAME  TXT "SERVFAIL"            every question about NAME fails
//	_fail.NAME  TXT "MX SERVFAIL"         only those for MX
//	_fail.*.NAME TXT "SERVFAIL"           all names below NAME, but not NAME
//	_secure.NAME TXT "yes"                NAME and what is below is validated: the AD bit is set
//	_secure.NAME TXT "no"                 but not here
//	_secure      TXT "yes"                everything is, from the root down
//
// These names do not exist themselves. What can stand after _fail:
//
//	SERVFAIL, REFUSED, FORMERR, …    the response code, with an extended error: "SERVFAIL 6 signature expired"
//	BOGUS                            SERVFAIL, and the records to those who set CD, as a validating resolver does;
//	                                 also with an extended error; not for DS, which is the parent's
//	TIMEOUT                          nothing comes
//	TRUNCATE                         TC and no records over UDP; all over TCP
//	SLOW 50ms                        the answer comes late (never in memory)
//	GARBAGE                          octets that are no DNS message
//	WRONGNAME                        an answer to another question
//	WRONGID                          an answer with another ID
//	ONESTEP                          the first CNAME only, as an authoritative server may answer
//	NOEDNS                           FORMERR if the question carries EDNS
package dnstest

import (
	"testing"
)

// Resolver returns the world of zoneText as a resolver in memory.
func Resolver(zoneText string) (*World, error) { return parse(zoneText) }

// New returns the world of zoneText as a resolver in memory, and fails the
// test if it cannot be read.
func New(t testing.TB, zoneText string) *World {
	t.Helper()
	w, err := parse(zoneText)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Serve serves the world of zoneText on a free port of 127.0.0.1, over UDP and
// TCP, until the test ends.
func Serve(t testing.TB, zoneText string, options ...Option) *Server {
	t.Helper()
	s, err := Listen(zoneText, "127.0.0.1:0", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
