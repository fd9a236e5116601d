// Dynamic volumes of one node: a claim gets a directory, handed out as a volume of type `local`, which honours fsGroup.
// With the class parameter enforceSize: "true" the directory is a file system of the claimed size.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const provisionerName = "holdfast.dev/local-directory"

type provisioner struct {
	root string
	node string
}

func newProvisionerCommand() *cobra.Command {
	var kubeconfig string
	p := &provisioner{}
	command := &cobra.Command{
		Use:   "provisioner",
		Short: "Makes directories of this machine into PersistentVolumes",
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			ctx := command.Context()
			controller.NewProvisionController(ctx, client, provisionerName, p, controller.LeaderElection(false)).Run(ctx)
			return nil
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig of the cluster")
	command.Flags().StringVar(&p.root, "root", "", "directory that holds the volumes")
	command.Flags().StringVar(&p.node, "node", "", "name of this node")
	return command
}

func (p *provisioner) Provision(_ context.Context, options controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	path := filepath.Join(p.root, options.PVName)
	size := options.PVC.Spec.Resources.Requests[v1.ResourceStorage]
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	if options.StorageClass.Parameters["enforceSize"] == "true" {
		if err := mountSized(path, size.Value()); err != nil {
			return nil, controller.ProvisioningFinished, err
		}
	}
	// The mode of MkdirAll is cut by the umask; a non-root pod without fsGroup must be able to write too.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: size},
			PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
				MatchExpressions: []v1.NodeSelectorRequirement{{Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{p.node}}},
			}}}},
		},
	}, controller.ProvisioningFinished, nil
}

func (p *provisioner) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	if volume.Spec.Local == nil {
		return nil
	}
	path := volume.Spec.Local.Path
	if filepath.Dir(path) != filepath.Clean(p.root) {
		return fmt.Errorf("%s is not a directory of this provisioner", path)
	}
	// Not mounted is the normal case.
	_ = syscall.Unmount(path, 0)
	if err := os.Remove(path + ".img"); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.RemoveAll(path)
}

// A sparse file with ext4, mounted over the directory: a claim that can really be full.
func mountSized(path string, bytes int64) error {
	image := path + ".img"
	file, err := os.Create(image)
	if err != nil {
		return err
	}
	if err := file.Truncate(bytes); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	for _, command := range [][]string{{"mkfs.ext4", "-q", "-m", "0", image}, {"mount", "-o", "loop", image, path}} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w: %s", command, err, output)
		}
	}
	return nil
}
