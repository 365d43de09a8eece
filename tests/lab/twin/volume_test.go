package twin_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func volumeInputs(changes in) in {
	return with(in{"availabilityZone": "eu-central-1a", "type": "gp3", "size": 5, "encrypted": true}, changes)
}

func TestVolumes(t *testing.T) {
	docker := newRecorder()
	s := newSite(t, docker)
	node := s.create(instanceToken, "node", s.node(nil))
	volume := s.create(volumeToken, "data", volumeInputs(nil))
	assert.Equal(t, "arn:aws:ec2:eu-central-1:123456789012:volume/"+volume.id, s.output(volume, "arn"))
	assert.InDelta(t, 3000, s.output(volume, "iops"), 0)
	assert.Equal(t, map[string]int{volume.id: 5}, docker.disks)

	attach := func(instance *thing, changes in) (*thing, error) {
		return s.try(attachmentToken, "data", with(in{"deviceName": "/dev/sdf", "instanceId": instance.id, "volumeId": volume.id}, changes))
	}
	docker.loose, docker.stopped[cp] = errors.New("no loop device"), true
	_, err := attach(node, nil)
	require.ErrorContains(t, err, "no loop device", "and nothing is left of the attachment")
	docker.loose, docker.stopped[cp] = nil, false
	held, err := attach(node, in{"stopInstanceBeforeDetaching": true})
	require.NoError(t, err)
	assert.Regexp(t, `^vai-\d+$`, held.id)
	assert.Equal(t, cp, docker.holders[volume.id])

	t.Run("one machine at a time has it", func(t *testing.T) {
		second := s.create(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239", "tags": in{"Name": "worker-node-1"}}))
		_, err := attach(second, nil)
		require.ErrorContains(t, err, "VolumeInUse: "+volume.id+" is already attached to an instance")
		other := s.create(volumeToken, "other", volumeInputs(nil))
		_, err = attach(node, in{"volumeId": other.id})
		require.ErrorContains(t, err, "Attachment point /dev/sdf is already in use")
	})
	t.Run("it grows in use and does not shrink", func(t *testing.T) {
		require.NoError(t, s.update(volume, volumeInputs(in{"size": 8})))
		assert.Equal(t, 8, docker.disks[volume.id])
		require.ErrorContains(t, s.update(volume, volumeInputs(nil)), "New size cannot be smaller than existing size")
	})
	t.Run("what is attached is not deleted", func(t *testing.T) {
		require.ErrorContains(t, s.delete(volume), "VolumeInUse: Volume "+volume.id+" is currently attached to "+node.id)
	})
	t.Run("its machine stops before it goes, and the next one has the same volume", func(t *testing.T) {
		require.NoError(t, s.delete(held))
		assert.True(t, docker.stopped[cp])
		assert.Empty(t, docker.holders[volume.id])
		require.NoError(t, s.delete(node))
		node = s.create(instanceToken, "node", s.node(nil))
		var err error
		held, err = attach(node, in{"skipDestroy": true})
		require.NoError(t, err)
		assert.Equal(t, cp, docker.holders[volume.id])
	})
	t.Run("what is to stay attached is, until its machine ends, and is taken over", func(t *testing.T) {
		require.NoError(t, s.delete(held))
		require.ErrorContains(t, s.delete(volume), "VolumeInUse")
		again, err := attach(node, in{"skipDestroy": true})
		require.NoError(t, err)
		assert.Equal(t, held.id, again.id)
		_, err = attach(node, in{"skipDestroy": true})
		require.ErrorContains(t, err, "attached to this instance by another resource")
	})
	t.Run("it outlives a machine that is gone, and the attachment does not", func(t *testing.T) {
		assert.Equal(t, held.id, s.read(held).Id)
		delete(docker.machines, cp)
		assert.Empty(t, s.read(held).Id)
		_, err := attach(s.create(instanceToken, "node", s.node(nil)), nil)
		require.NoError(t, err)
		assert.Contains(t, docker.disks, volume.id)
	})
}

func TestVolumesThatEC2Refuses(t *testing.T) {
	s := newSite(t, nil)
	node := s.create(instanceToken, "node", s.node(nil))
	far := s.create(volumeToken, "far", volumeInputs(in{"availabilityZone": "eu-central-1b"}))
	for name, c := range map[string]struct {
		token  string
		inputs in
		why    string
	}{
		"another zone":        {attachmentToken, in{"deviceName": "/dev/sdf", "instanceId": node.id, "volumeId": far.id}, "InvalidVolume.ZoneMismatch"},
		"no such volume":      {attachmentToken, in{"deviceName": "/dev/sdf", "instanceId": node.id, "volumeId": "vol-0"}, "InvalidVolume.NotFound: The volume 'vol-0' does not exist."},
		"no such machine":     {attachmentToken, in{"deviceName": "/dev/sdf", "instanceId": "i-0", "volumeId": far.id}, "InvalidInstanceID.NotFound"},
		"the root device":     {attachmentToken, in{"deviceName": "/dev/sda1", "instanceId": node.id, "volumeId": far.id}, "is not a valid EBS device name"},
		"no such zone":        {volumeToken, volumeInputs(in{"availabilityZone": "eu-central-1z"}), "InvalidZone.NotFound"},
		"no size":             {volumeToken, volumeInputs(in{"size": nil}), "one of `size,snapshot_id` must be specified"},
		"too large":           {volumeToken, volumeInputs(in{"size": 70000}), "must be from 1 to 65536"},
		"throughput of gp2":   {volumeToken, volumeInputs(in{"type": "gp2", "throughput": 125}), "throughput is not supported for gp2"},
		"a key and no cipher": {volumeToken, volumeInputs(in{"encrypted": false, "kmsKeyId": "arn:aws:kms:eu-central-1:1:key/1"}), "kmsKeyId needs encrypted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.try(c.token, "volume", c.inputs)
			require.ErrorContains(t, err, c.why)
		})
	}
}
