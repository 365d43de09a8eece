package reach

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// FuzzCovers compares covers with the addresses themselves: every one of a small block.
func FuzzCovers(f *testing.F) {
	f.Add([]byte{10, 0, 0, 0, 24, 10, 0, 0, 0, 25, 10, 0, 0, 128, 25})
	f.Add([]byte{192, 168, 0, 0, 26, 192, 168, 0, 0, 28})
	f.Add([]byte{0, 0, 0, 0, 32, 0, 0, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255, 31, 255, 255, 255, 255, 32, 255, 255, 255, 254, 32})
	f.Fuzz(func(t *testing.T, input []byte) {
		var blocks []netip.Prefix
		for ; len(input) >= 5 && len(blocks) < 12; input = input[5:] {
			address := netip.AddrFrom4([4]byte(input[:4]))
			blocks = append(blocks, netip.PrefixFrom(address, int(input[4])%33).Masked())
		}
		if len(blocks) < 2 {
			return
		}
		block := netip.PrefixFrom(blocks[0].Addr(), max(blocks[0].Bits(), 22)).Masked()
		want := true
		first := binary.BigEndian.Uint32(block.Addr().AsSlice())
		for i := range uint32(1) << (32 - block.Bits()) {
			address := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, first+i)))
			inside := false
			for _, b := range blocks[1:] {
				inside = inside || b.Contains(address)
			}
			want = want && inside
		}
		if got := covers(blocks[1:], block); got != want {
			t.Errorf("covers(%v, %s) = %t", blocks[1:], block, got)
		}
	})
}

// FuzzHostAndPort only wants an answer: what a program calls a URL is anything.
func FuzzHostAndPort(f *testing.F) {
	for _, text := range []string{"https://deb.debian.org", "http://172.31.0.10:5000/x", "s3.example.com/bucket", "https://[::1]:443", "://", "http://a:b@c:99999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if host, port, ok := hostAndPort(text); ok && (host == "" || port == 0) {
			t.Errorf("%q leads to host %q and port %d", text, host, port)
		}
	})
}
