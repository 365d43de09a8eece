package twin

import (
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/ssh"
)

func keyPairType() *Type {
	return &Type{
		Token: keyPairToken, Noun: "EC2 Key Pair", Prefix: "key-", ARN: "key-pair", AutoName: "keyName",
		Inputs: map[string]Property{
			"keyName":       {Replace: true, Filled: true},
			"keyNamePrefix": {Absent: true},
			"publicKey":     {Required: true, Replace: true},
			"tags":          tags,
		},
		Computed: []string{"arn", "fingerprint", "keyNamePrefix", "keyPairId", "keyType"},
		ID:       func(in Values) string { return in.Text("keyName") },
		Taken:    &Refusal{Code: "InvalidKeyPair.Duplicate", Message: "The keypair already exists"},
		Validate: func(in Values) []Failure {
			failures := checkTags("tags", in)
			if name := in.Text("keyName"); len(name) > 255 {
				failures = append(failures, fail("keyName", "InvalidParameterValue: Value for parameter KeyName is longer than 255 characters")...)
			}
			if in.Known("publicKey") {
				if _, _, err := fingerprint(in.Text("publicKey")); err != nil {
					failures = append(failures, fail("publicKey", "%v", err)...)
				}
			}
			return failures
		},
		Create: func(_ *Tx, r *Record) error {
			kind, print, err := fingerprint(r.Text("publicKey"))
			if err != nil {
				return err
			}
			r.Outputs["keyType"], r.Outputs["fingerprint"] = kind, print
			r.Outputs["keyPairId"], r.Outputs["keyNamePrefix"] = NewID("key-"), ""
			return nil
		},
	}
}

// fingerprint is computed as EC2 does for an imported key:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
func fingerprint(authorized string) (kind, print string, err error) {
	key, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(authorized))
	if err != nil || len(strings.TrimSpace(string(rest))) > 0 {
		return "", "", refuse("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
	}
	switch key.Type() {
	case ssh.KeyAlgoED25519:
		sum := sha256.Sum256(key.Marshal())
		return "ed25519", base64.StdEncoding.EncodeToString(sum[:]), nil
	case ssh.KeyAlgoRSA:
		public := key.(ssh.CryptoPublicKey).CryptoPublicKey().(*rsa.PublicKey)
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return "", "", err
		}
		sum := md5.Sum(der)
		var pairs []string
		for _, b := range sum {
			pairs = append(pairs, hex.EncodeToString([]byte{b}))
		}
		return "rsa", strings.Join(pairs, ":"), nil
	}
	return "", "", refuse("InvalidKey.Format", "Key of type %s is not supported: EC2 takes ED25519 and RSA", key.Type())
}
