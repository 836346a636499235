"""What happens to the cluster. Each scenario leaves all nodes up; the harness then runs daemons until quiet, and checks."""
from node import OBJECT_DEVICES

ALL = {}
SHORT = []


def scenario(name, short=False):
    def add(function):
        ALL[name] = function
        if short:
            SHORT.append(name)
        return function
    return add


class Scene:
    """What a scenario works with."""

    def __init__(self, cluster, objects, name, count):
        self.cluster, self.objects, self.name, self.count = cluster, objects, name, count
        # How many hash directories the auditor has to have quarantined in the end, of all scenarios.
        self.quarantined = 0

    @property
    def nodes(self):
        return self.cluster.nodes

    def make(self, share=1.0):
        return self.objects.make(self.name, max(4, int(self.count * share)))


@scenario('put', short=True)
def put(scene):
    """Objects through the proxy, some written over, posted to and deleted."""
    made = scene.make()
    scene.objects.put(made[::5])
    scene.objects.post(made[1::5])
    scene.objects.delete(made[2::7])


@scenario('wiped-device', short=True)
def wiped_device(scene):
    """A drive fails and is replaced by an empty one."""
    scene.make(0.5)
    node, device = scene.nodes[1], OBJECT_DEVICES[0]
    if scene.cluster.loop_devices:
        node.unmount(device)
    node.make_file_system(device)


@scenario('node-down', short=True)
def node_down(scene):
    """Objects are written, written over and deleted while a node is down, and handoffs stand in for it."""
    made = scene.make(0.5)
    scene.nodes[2].kill()
    scene.objects.put(made[::3])
    scene.objects.delete(made[1::3])
    scene.make(0.25)
    # Not only when it is back: what is on handoffs then finds its way as well.
    scene.cluster.one_pass()
    scene.nodes[2].start()
