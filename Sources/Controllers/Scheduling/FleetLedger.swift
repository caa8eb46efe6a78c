public import Fleet
internal import KubeClient
internal import Objects
internal import Synchronization

/// The one `Fleet` of a process, kept by the events of the shared informers, each applied in O(change).
///
/// The scheduler, the claims and the autoscaler decide on it and mark in it what they have sent to the API and not yet
/// seen back, so that no two of them give the same room or the same host away. Make it before the controllers that use
/// it: informers tell their handlers in the order of registration, and a controller that wakes must find the event here.
public final class FleetLedger: Sendable {
    private let state = Mutex(Fleet())

    public init(_ environment: ControllerEnvironment) {
        let informers = environment.informers
        informers.pods.onEvent { [self] event in
            if case .deleted(let pod) = event { apply(.podRemoved(pod.key)) } else { apply(.pod(event.object)) }
        }
        informers.nodes.onEvent { [self] event in
            if case .deleted(let node) = event { apply(.nodeRemoved(node.metadata.name)) } else { apply(.node(event.object)) }
        }
        informers.hosts.onEvent { [self] event in
            if case .deleted(let host) = event { apply(.hostRemoved(host.key)) } else { apply(.host(event.object)) }
        }
        informers.nodeGroups.onEvent { [self] event in
            if case .deleted(let group) = event {
                apply(.nodeGroupRemoved(group.metadata.name))
            } else {
                apply(.nodeGroup(event.object))
            }
        }
        informers.bareMetalInstances.onEvent { [self] event in
            if case .deleted(let instance) = event { apply(.instanceRemoved(instance.key)) } else { apply(.instance(event.object)) }
        }
        informers.disruptionBudgets.onEvent { [self] event in
            if case .deleted(let budget) = event { apply(.budgetRemoved(budget.key)) } else { apply(.budget(event.object)) }
        }
    }

    /// Applies what an event or a decision changed.
    public func apply(_ change: FleetChange) { state.withLock { $0.apply(change) } }

    /// Decides on the fleet and marks what was decided, in one step that nothing comes between. Keep it short: events wait.
    public func withFleet<Result: Sendable>(_ decide: (inout Fleet) -> Result) -> Result { state.withLock { decide(&$0) } }

    /// A copy for long thoughts; the next change pays for it once.
    public func snapshot() -> Fleet { state.withLock { $0 } }
}
