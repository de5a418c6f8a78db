package main

import (
	"encoding/binary"
	"net"
)

const receiveBuffer = 4 << 20 // so that a burst of callers is not dropped

func listenLoopback() (*net.UDPConn, error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	return conn, conn.SetReadBuffer(receiveBuffer)
}

const keyRecord = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

// answerAll answers every question with one TXT record, as cheaply as it can.
func answerAll(conn *net.UDPConn) {
	in := make([]byte, 2048)
	var out []byte
	for {
		n, from, err := conn.ReadFromUDPAddrPort(in)
		if err != nil {
			return
		}
		if out = appendAnswer(out[:0], in[:n]); len(out) > 0 {
			conn.WriteToUDPAddrPort(out, from)
		}
	}
}

// appendAnswer appends the answer to a query, or nothing if it is none.
func appendAnswer(b, query []byte) []byte {
	const header = 12
	end := header
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5 // the root, type and class
	if end > len(query) {
		return b
	}
	b = append(b, query[:end]...)
	binary.BigEndian.PutUint16(b[2:], 0x8180)
	binary.BigEndian.PutUint16(b[6:], 1)
	binary.BigEndian.PutUint16(b[8:], 0)
	binary.BigEndian.PutUint16(b[10:], 0)
	b = append(b, 0xc0, header, 0, 16, 0, 1, 0, 0, 1, 44, 0, byte(len(keyRecord)+1), byte(len(keyRecord)))
	return append(b, keyRecord...)
}
