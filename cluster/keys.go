package cluster

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"
)

// The names under which keys are derived from the seed. They are part of every deployed machine
// and so can never change: another name is another key. A label of a login key follows after a slash.
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
	// Logins log in to every node, in the order of their labels. The program uses the first.
	Logins []Key
	// Hosts are the nodes' own keys by the name of the node.
	Hosts map[string]Key
	// Backup is the password that encrypts backups where backupPassword names no other. It is not stored anywhere but on the
	// control plane.
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

// Authorized are the public keys that may log in to every node.
func (k *Keys) Authorized() []string {
	keys := make([]string, len(k.Logins))
	for i, login := range k.Logins {
		keys[i] = login.Public
	}
	return keys
}

// loginKeyLabel is a word of a command line and of a key's comment.
var loginKeyLabel = regexp.MustCompile(`^[A-Za-z0-9._-]{0,63}$`)

// ValidateLoginKeys returns everything that is wrong with the labels of the login keys.
func ValidateLoginKeys(labels []string) []error {
	var found []error
	if len(labels) == 0 {
		found = append(found, errors.New("loginKeys []: at least one label is required"))
	}
	for i, label := range labels {
		if first := slices.Index(labels, label); first < i {
			found = append(found, fmt.Errorf("loginKeys[%d] %q: duplicate of loginKeys[%d]", i, label, first))
		} else if !loginKeyLabel.MatchString(label) {
			found = append(found, fmt.Errorf("loginKeys[%d] %q: must be at most 63 letters, digits, dots, dashes and underscores, such as a date", i, label))
		}
	}
	return found
}

// DeriveKeys returns the login keys of these labels and the host keys of the named nodes. The same seed and label give the
// same key for ever, so that a host key is known, and can be insisted on, before its machine exists. The key of the empty
// label is the one of platforms from before there were labels.
func DeriveKeys(seed string, logins, nodes []string) (*Keys, error) {
	if err := ValidateSeed(seed); err != nil {
		return nil, err
	}
	password, err := hkdf.Key(sha256.New, []byte(seed), nil, backupInfo, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive %s: %w", backupInfo, err)
	}
	keys := &Keys{Hosts: make(map[string]Key, len(nodes)), Backup: base64.RawURLEncoding.EncodeToString(password)}
	for _, label := range logins {
		info := loginKeyInfo
		if label != "" {
			info += "/" + label
		}
		login, err := deriveKey(seed, info)
		if err != nil {
			return nil, err
		}
		keys.Logins = append(keys.Logins, login)
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
