package cluster

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"
)

// The names under which keys are derived from the seed. They are part of every deployed machine
// and so can never change: another name is another key.
const (
	loginKeyInfo = "ecommerce-platform/v1/ssh/login"
	hostKeyInfo  = "ecommerce-platform/v1/ssh/host/"
	backupInfo   = "ecommerce-platform/v1/backup"
)

// minimumSeed is what 24 random bytes take in base64: enough that nobody guesses the keys.
const minimumSeed = 32

// Key is an SSH key pair.
type Key struct {
	// Private is the OpenSSH private key in PEM, without a passphrase.
	Private string
	// Public is the key in authorized_keys form, without a comment.
	Public string
}

// Keys are the keys of a platform, all of them derived from one secret.
type Keys struct {
	// Login logs in to every node.
	Login Key
	// Hosts are the nodes' own keys by the name of the node.
	Hosts map[string]Key
	// Backup is the password that encrypts backups. It is not stored anywhere but on the control plane.
	Backup string
}

// ValidateSeed returns why a seed cannot be used. The message never holds the seed.
func ValidateSeed(seed string) error {
	const remedy = "make one with `openssl rand -base64 32`"
	if seed == "" {
		return errors.New("keySeed <unset>: required, " + remedy)
	}
	if utf8.RuneCountInString(seed) < minimumSeed {
		return fmt.Errorf("keySeed <secret>: must have at least %d characters, %s", minimumSeed, remedy)
	}
	return nil
}

// DeriveKeys returns the login key and the host keys of the named nodes. The same seed gives the
// same keys for ever, so that a host key is known, and can be insisted on, before its machine exists.
func DeriveKeys(seed string, nodes []string) (*Keys, error) {
	if err := ValidateSeed(seed); err != nil {
		return nil, err
	}
	login, err := deriveKey(seed, loginKeyInfo)
	if err != nil {
		return nil, err
	}
	password, err := hkdf.Key(sha256.New, []byte(seed), nil, backupInfo, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive %s: %w", backupInfo, err)
	}
	keys := &Keys{
		Login: login, Hosts: make(map[string]Key, len(nodes)), Backup: base64.RawURLEncoding.EncodeToString(password),
	}
	for _, node := range nodes {
		if keys.Hosts[node], err = deriveKey(seed, hostKeyInfo+node); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func deriveKey(seed, info string) (Key, error) {
	material, err := hkdf.Key(sha256.New, []byte(seed), nil, info, ed25519.SeedSize)
	if err != nil {
		return Key{}, fmt.Errorf("derive %s: %w", info, err)
	}
	private := ed25519.NewKeyFromSeed(material)
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		return Key{}, fmt.Errorf("derive %s: %w", info, err)
	}
	return Key{
		Private: opensshPEM(private, public),
		Public:  strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))),
	}, nil
}

// opensshPEM writes the key as ssh-keygen would, except that the check number, which only tells a
// wrong passphrase, comes from the public key: ssh.MarshalPrivateKey draws it at random, and the key
// would then look changed on every run. sshd reads no other format of ed25519 keys reliably.
// Format: https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.key
func opensshPEM(private ed25519.PrivateKey, public ssh.PublicKey) string {
	const blockSize = 8 // of the cipher "none"
	sum := sha256.Sum256(public.Marshal())
	check := uint32(sum[0])<<24 | uint32(sum[1])<<16 | uint32(sum[2])<<8 | uint32(sum[3])
	secret := ssh.Marshal(struct {
		Check1, Check2 uint32
		Type           string
		Public         []byte
		Private        []byte
		Comment        string
	}{check, check, ssh.KeyAlgoED25519, private.Public().(ed25519.PublicKey), private, ""})
	for i := byte(1); len(secret)%blockSize != 0; i++ {
		secret = append(secret, i)
	}
	container := ssh.Marshal(struct {
		Cipher, KDF, KDFOptions string
		Count                   uint32
		Public                  []byte
		Secret                  []byte
	}{"none", "none", "", 1, public.Marshal(), secret})
	return string(pem.EncodeToMemory(&pem.Block{
		Type:  "OPENSSH PRIVATE KEY",
		Bytes: append([]byte("openssh-key-v1\x00"), container...),
	}))
}
