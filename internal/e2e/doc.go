// Package e2e tests the sink's page in a real browser, against a sink that
// receives over SMTP. It is a module of its own, so that the browser's driver is
// no dependency of the program.
package e2e
