//! Events in every order.

use proptest::prelude::*;

use super::world::World;
use super::*;

#[derive(Clone, Debug)]
enum Event {
    Submit {
        key: RequestKey,
        prompt: Vec<u32>,
        length: usize,
        priority: Priority,
        deadline: Option<u64>,
    },
    Cancel(RequestKey),
    Disconnect(ClientId),
    Stall {
        client: ClientId,
        stalled: bool,
    },
    Step {
        prompt_rows: usize,
        interrupted: bool,
        stopped: bool,
    },
    Wait {
        ms: u64,
    },
    EmergencyStop,
    /// Of the last stop, or of one that was not.
    Reset {
        ahead: u32,
    },
    Arm {
        ahead: u32,
    },
}

fn a_client() -> impl Strategy<Value = ClientId> {
    (0u64..3).prop_map(ClientId)
}

fn a_key() -> impl Strategy<Value = RequestKey> {
    (a_client(), 0u32..4).prop_map(|(client, id)| RequestKey { client, id })
}

fn submit() -> impl Strategy<Value = Event> {
    let priority = prop::sample::select(vec![Priority::Low, Priority::Normal, Priority::Normal, Priority::High, Priority::Urgent]);
    // Few tokens, so that many prompts begin alike.
    let prompt = prop::collection::vec(0u32..2, 0..14);
    (a_key(), prompt, 1usize..8, priority, prop::option::weighted(0.3, 0u64..120))
        .prop_map(|(key, prompt, length, priority, deadline)| Event::Submit { key, prompt, length, priority, deadline })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => submit(),
        2 => a_key().prop_map(Event::Cancel),
        1 => a_client().prop_map(Event::Disconnect),
        3 => (a_client(), any::<bool>()).prop_map(|(client, stalled)| Event::Stall { client, stalled }),
        16 => (1usize..5, prop::bool::weighted(0.3), prop::bool::weighted(0.02))
            .prop_map(|(prompt_rows, interrupted, stopped)| Event::Step { prompt_rows, interrupted, stopped }),
        1 => (0u64..50).prop_map(|ms| Event::Wait { ms }),
        1 => Just(Event::EmergencyStop),
        2 => (0u32..2).prop_map(|ahead| Event::Reset { ahead }),
        2 => (0u32..2).prop_map(|ahead| Event::Arm { ahead }),
    ]
}

fn happen(world: &mut World, event: Event) {
    match event {
        Event::Submit { key, prompt, length, priority, deadline } => {
            world.submit(key, prompt, length, priority, deadline.map(Duration::from_millis));
        }
        Event::Cancel(key) => world.cancel(key),
        Event::Disconnect(client) => world.disconnect(client),
        Event::Stall { client, stalled } => world.stall(client, stalled),
        Event::Step { prompt_rows, interrupted, stopped } => world.step(prompt_rows, interrupted, stopped),
        Event::Wait { ms } => world.wait(Duration::from_millis(ms)),
        Event::EmergencyStop => world.emergency_stop(),
        Event::Reset { ahead } => world.reset(world.last_stop() + ahead),
        Event::Arm { ahead } => world.arm(world.last_stop() + ahead),
    }
    world.check_known();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Every request ends once and says what it would have said undisturbed, classes and deadlines are kept, and nothing is computed
    /// or taken after an emergency stop. [`World`] checks it at every event.
    #[test]
    fn what_must_hold_holds_in_every_order(events in prop::collection::vec(event(), 0..120)) {
        let mut world = World::new();
        for event in events {
            happen(&mut world, event);
        }
        world.drain();
    }
}
