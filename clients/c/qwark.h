/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Qwark's client for microcontrollers: asks a Qwark runtime over a serial line, and keeps working on one that loses bytes.
 *
 * The client is a state machine without I/O, clock, heap or threads. You give it the bytes that arrive and the time; it gives
 * you events, and bytes to send:
 *
 *     #include "qwark.h"
 *
 *     static size_t uart_write(void *context, const uint8_t *bytes, size_t len);   // takes what fits, returns how much
 *     static uint64_t draw(void *context);                                         // a random number
 *
 *     static void on_event(void *context, const qwark_event *event) {
 *         (void)context;
 *         if (event->kind == QWARK_EVENT_TEXT) show(event->as.text.at, event->as.text.len);
 *         if (event->kind == QWARK_EVENT_DONE) finish(event->as.done.reason);
 *         if (event->kind == QWARK_EVENT_ERROR && event->as.error.ends) give_up(event->as.error.code);
 *     }
 *
 *     static qwark_client client;
 *
 *     void robot(void) {
 *         qwark_config config;
 *         memset(&config, 0, sizeof config);
 *         config.write = uart_write;
 *         config.nonce = draw;
 *         config.event = on_event;
 *         config.client = draw(NULL);
 *         config.name = "rover";
 *         config.heartbeat_ms = 500;
 *         if (qwark_init(&client, &config) != QWARK_OK) return;
 *
 *         qwark_request request;
 *         qwark_request_init(&request);
 *         request.prompt = qwark_string("Which way is north?");
 *         qwark_generate(&client, &request);      // is sent as soon as the runtime has answered the Hello
 *
 *         for (;;) {
 *             uint8_t bytes[32];
 *             qwark_receive(&client, bytes, uart_read(bytes, sizeof bytes), millis());
 *             qwark_poll(&client, millis());
 *         }
 *     }
 *
 * Rules for the caller:
 *
 * - Time is a counter of milliseconds that wraps at 2^32. Any start will do.
 * - Call qwark_poll in every turn of the main loop, and right after a call that is to send something. Only qwark_poll writes.
 * - Events come from inside qwark_receive and qwark_poll. What they point to is valid during the call. In an event you may
 *   call everything but these two, qwark_init and qwark_reconnect.
 * - A client has one thread. Interrupts hand it bytes through a buffer of yours, and call none of its functions: that of an
 *   emergency button sets a flag, and the main loop calls qwark_estop.
 *
 * What is sent over the line is described in docs/WIRE.md.
 */
#ifndef QWARK_H
#define QWARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Sizes, to be changed by -D for the whole program, or here: qwark.c and all that include this must have the same ---- */

/* Requests that can be under way at once. */
#ifndef QWARK_MAX_REQUESTS
#define QWARK_MAX_REQUESTS 2
#endif

/* Longest frame that is sent, in bytes before stuffing: 320 to 4096. Longer ones carry a long prompt with less overhead. */
#ifndef QWARK_SEND_FRAME
#define QWARK_SEND_FRAME 320
#endif

/* Longest frame that is received, in bytes. The runtime sends no longer one in version 1 of the protocol. */
#define QWARK_RECEIVE_FRAME 320

/* ---- Limits of the protocol ---- */

#define QWARK_MAX_NAME 32u     /* bytes of a name */
#define QWARK_MAX_FALLBACK 64u /* bytes of a fallback */
#define QWARK_MAX_COMMAND 256u /* bytes of an encoded command */
#define QWARK_MAX_STOPS 4u     /* stop strings of a request */
#define QWARK_MAX_STOP 32u     /* bytes of a stop string */
#define QWARK_MAX_MODELS 3u    /* models that a runtime names */
#define QWARK_HASH 32u         /* bytes of a SHA-256 */
#define QWARK_KEY 32u          /* bytes of a link's key */

/* ---- Values ---- */

/* What a function of the client returns if it refuses; 0 or a request's id otherwise. */
enum qwark_refusal {
    QWARK_OK = 0,
    QWARK_INVALID = -1,    /* an argument is out of its range: see the function */
    QWARK_NO_ROOM = -2,    /* as much of this as the client has room for is under way: wait for an end */
    QWARK_UNKNOWN_ID = -3  /* no request of this client has the id, or it has ended */
};

enum qwark_priority { QWARK_LOW = 0, QWARK_NORMAL = 1, QWARK_HIGH = 2, QWARK_URGENT = 3 };

/* A prompt's form: a user's words, the very text to be continued, or a conversation in JSON with its tools. */
enum qwark_form { QWARK_CHAT = 0, QWARK_RAW = 1, QWARK_CONVERSATION = 2 };

enum qwark_thinking { QWARK_THINKING_DEFAULT = 0, QWARK_THINKING_OFF = 1, QWARK_THINKING_ON = 2 };

/* What an answer has to follow. */
enum qwark_grammar_form { QWARK_NO_GRAMMAR = 0, QWARK_JSON_SCHEMA = 1, QWARK_REGEX = 2, QWARK_LARK = 3 };

enum qwark_upload_kind { QWARK_IMAGE = 1, QWARK_AUDIO = 2, QWARK_GRAMMAR = 3 };

/* Whether the runtime may generate anything. */
enum qwark_safety_state { QWARK_ARMED = 0, QWARK_STOPPED = 1, QWARK_DISARMED = 2 };

/* Why an answer ended. A newer runtime may say others. */
enum qwark_reason {
    QWARK_REASON_STOP = 1,        /* the model ended it */
    QWARK_REASON_LENGTH = 2,      /* max_tokens were generated */
    QWARK_REASON_CONTEXT = 3,     /* the context is full */
    QWARK_REASON_STOP_STRING = 4, /* one of the stop strings came up */
    QWARK_REASON_CANCELLED = 5,   /* qwark_cancel */
    QWARK_REASON_DEADLINE = 6,    /* its deadline came */
    QWARK_REASON_FALLBACK = 7,    /* its deadline came, and the fallback took the answer's place */
    QWARK_REASON_STOPPED = 8,     /* an emergency stop */
    QWARK_REASON_GRAMMAR = 9      /* its grammar could not be followed any further */
};

/* What went wrong. A newer runtime may say others; docs/WIRE.md says more about each. */
enum qwark_error_code {
    QWARK_ERROR_NO_ANSWER = 0, /* the client's own: the runtime answers a Hello, but not this; or a reset or arm had no effect */
    QWARK_ERROR_MALFORMED = 1,
    QWARK_ERROR_UNSUPPORTED = 2,
    QWARK_ERROR_ID_IN_USE = 3,
    QWARK_ERROR_UNKNOWN_ID = 4,
    QWARK_ERROR_TOO_LONG = 5,
    QWARK_ERROR_INCOMPLETE = 6,
    QWARK_ERROR_BUSY = 7,
    QWARK_ERROR_PARAMETER = 8,
    QWARK_ERROR_STOPPING = 9,
    QWARK_ERROR_INTERNAL = 10,
    QWARK_ERROR_NO_SESSION = 11,
    QWARK_ERROR_KEY_REUSED = 12,
    QWARK_ERROR_STOPPED = 13,
    QWARK_ERROR_DISARMED = 14,
    QWARK_ERROR_DENIED = 15,
    QWARK_ERROR_QUOTA = 16,
    QWARK_ERROR_INTEGRITY = 17
};

enum qwark_upload_state { QWARK_UPLOAD_RECEIVING = 1, QWARK_UPLOAD_STORED = 2, QWARK_UPLOAD_DELETED = 3 };

/* Text in UTF-8, without a zero at its end. */
typedef struct qwark_text {
    const char *at;
    uint32_t len; /* bytes */
} qwark_text;

/* The text of a C string, which must stay as long as the text is used. */
static inline qwark_text qwark_string(const char *string) {
    qwark_text text;
    text.at = string;
    text.len = (uint32_t)strlen(string);
    return text;
}

/* ---- Requests ---- */

/* How the next token is chosen. */
typedef struct qwark_sampling {
    uint32_t max_tokens;      /* most tokens to generate; 0 for as many as the context takes */
    float temperature;        /* 0 takes the likeliest token every time */
    uint32_t top_k;           /* only this many of the likeliest tokens; 0 for all */
    float top_p;              /* only the likeliest that together reach this probability; 1 for all */
    float min_p;              /* only those at least this likely relative to the likeliest; 0 for all */
    float repetition_penalty; /* divides the score of every token seen before; 1 for none */
    float presence_penalty;   /* subtracted from the score of every token generated before; 0 for none */
    float frequency_penalty;  /* subtracted once for each time that it was generated before; 0 for none */
    uint64_t seed;            /* same seed and same request, same answer */
} qwark_sampling;

/*
 * A request. Fill it by qwark_request_init, then change what differs. It is copied, but the texts that it points to are not:
 * they must stay as they are until the request has ended (its event QWARK_EVENT_DONE, or one QWARK_EVENT_ERROR that ends it).
 *
 * Fallback and stop strings must go into one frame of 320 bytes with the rest: 183 bytes together at most, where each stop string
 * counts for 2 more.
 */
typedef struct qwark_request {
    qwark_text system; /* at == NULL: the chat template's own */
    qwark_text prompt;
    qwark_text fallback; /* what the answer is to be if the deadline comes first; at == NULL: what there is by then */
    qwark_text stops[QWARK_MAX_STOPS]; /* the answer ends before any of these */
    uint8_t stop_count;
    uint8_t priority; /* enum qwark_priority */
    uint8_t form;     /* enum qwark_form */
    uint8_t thinking; /* enum qwark_thinking */
    uint8_t grammar;  /* enum qwark_grammar_form: what an upload of kind QWARK_GRAMMAR holds, which has been stored before */
    const uint8_t *grammar_hash; /* the upload's, QWARK_HASH bytes; not used without a grammar */
    uint32_t deadline_ms; /* from the runtime's receipt to the latest end of the answer; 0 for no limit */
    uint32_t window; /* bytes of the answer that may come ahead of what was acknowledged; 0: all, unsecured: for lines that lose nothing */
    uint64_t key; /* whoever asks the same again under the same key gets the same answer; below 2^63. 0: the client gives one */
    qwark_sampling sampling;
} qwark_request;

/*
 * A sentence, to be answered by commands of the runtime's set. Fill it by qwark_sentence_init, then change what differs. It is copied,
 * but the text and the fallback are not: they must stay until the request has ended.
 */
typedef struct qwark_sentence {
    qwark_text text;
    uint32_t set;            /* id of the set that the commands are decoded by: NAME_SET_ID of the code that was generated for it */
    const uint8_t *fallback; /* the command that is to come if the deadline comes first, encoded; NULL: none */
    uint32_t fallback_len;   /* bytes: 1 to QWARK_MAX_COMMAND */
    uint8_t priority;        /* enum qwark_priority */
    uint32_t deadline_ms;    /* from the runtime's receipt to the latest end of the answer; 0 for no limit */
    uint32_t window;         /* bytes of commands that may come ahead of what was acknowledged; 0: all, unsecured */
    uint64_t key;            /* as in qwark_request */
} qwark_sentence;

/* ---- Uploads ---- */

/* Something to be stored at the runtime. The data, the hash and the name must stay until the upload has ended. */
typedef struct qwark_upload {
    const uint8_t *data;
    uint32_t size;
    const uint8_t *sha256; /* QWARK_HASH bytes, the data's; qwark_sha256 computes it */
    qwark_text name;       /* for people; QWARK_MAX_NAME bytes at most */
    uint32_t keep_s;       /* seconds after its last use for which it is kept; 0 for as long as the runtime likes */
    uint8_t what;          /* enum qwark_upload_kind */
} qwark_upload;

/* ---- Events ---- */

enum qwark_event_kind {
    QWARK_EVENT_IDENTIFIED = 1, /* the runtime answered the Hello: a link is there, or is there again. as.identity */
    QWARK_EVENT_LINK_LOST,      /* the runtime has restarted, or nothing comes: for three heartbeats; or where there are none, for
                                   5 seconds while something is waited for. The client says Hello until the runtime is there */
    QWARK_EVENT_ACCEPTED,       /* the runtime has all of the request's text. Once, and before the answer's text */
    QWARK_EVENT_TEXT,           /* the next part of the answer: in order, each byte once. as.text */
    QWARK_EVENT_COMMAND,        /* the next command of the answer to a sentence, whole: in order, each once. as.command */
    QWARK_EVENT_DONE,           /* the request has ended, and all of its text or commands were told. Once. as.done */
    QWARK_EVENT_ERROR,          /* something went wrong. If as.error.ends, the request or upload `id` has ended by it */
    QWARK_EVENT_HEARTBEAT,      /* how the runtime is. as.heartbeat */
    QWARK_EVENT_SAFETY,         /* whether it may generate anything: when that changes or was asked, and after QWARK_EVENT_IDENTIFIED. as.safety */
    QWARK_EVENT_PONG,           /* the answer to qwark_ping. as.pong has its nonce */
    QWARK_EVENT_UPLOAD,         /* how the upload `id` stands; Stored and Deleted end it. as.upload */
    QWARK_EVENT_UPLOAD_ITEM     /* the answer to qwark_upload_list; ends it. as.item */
};

/* What Identify says. */
typedef struct qwark_identity {
    uint8_t version_min, version_max;
    uint8_t safety;          /* enum qwark_safety_state */
    uint8_t model_count;     /* how many of `models` there are */
    uint64_t boot_id;        /* differs each time the runtime starts */
    uint64_t schema;         /* fingerprint of its message tables */
    uint32_t features;       /* 1 uploads + 2 pictures + 4 sound + 8 commands + 16 seals needed */
    uint32_t stop;           /* number of the last emergency stop; 0 for none */
    uint32_t max_text;       /* bytes of system text and prompt together */
    uint32_t context;        /* tokens of context that one request can use */
    uint32_t upload_quota;   /* bytes of uploads kept for one client */
    uint32_t set;            /* id of its command set; 0 for none */
    uint16_t kept;           /* requests of this client that the runtime still has */
    uint16_t max_frame;      /* longest frame that it takes */
    uint16_t max_parallel;   /* requests that run side by side */
    uint16_t max_requests;   /* requests of one client that have not ended */
    uint16_t linger_s;       /* seconds for which a client's requests outlive its link */
    qwark_text models[QWARK_MAX_MODELS]; /* the first one answers */
    qwark_text commands;     /* name of its command set; empty for none */
} qwark_identity;

/* A part of an answer. */
typedef struct qwark_piece {
    uint32_t offset; /* bytes of the answer before it */
    uint32_t len;    /* bytes */
    const char *at;  /* whole characters in UTF-8, as the runtime sent them */
} qwark_piece;

/* A command, as its set encodes it: what the decode function of generated code takes. */
typedef struct qwark_command_bytes {
    uint32_t offset; /* bytes of the answer's commands before it */
    uint32_t len;    /* bytes: 1 to QWARK_MAX_COMMAND */
    const uint8_t *at;
} qwark_command_bytes;

/* How a request ended. */
typedef struct qwark_done {
    uint8_t reason;          /* enum qwark_reason */
    uint32_t prompt_tokens;
    uint32_t output_tokens;
    uint32_t text_len;       /* bytes of text or commands */
    uint32_t answer_at;      /* where in them the answer begins: not 0 if the fallback took the place of the text before it, or came
                                behind commands */
    uint64_t queue_us;       /* microseconds from receipt to the start of its work */
    uint64_t prefill_us;     /* spent on the prompt */
    uint64_t first_token_us; /* from receipt to the first token; 0 if there was none */
    uint64_t total_us;       /* from receipt to the end */
} qwark_done;

/* What went wrong. */
typedef struct qwark_error {
    uint8_t code; /* enum qwark_error_code */
    bool ends;    /* the request or upload has ended by it, or never began */
    qwark_text message;
} qwark_error;

/* How the runtime is. */
typedef struct qwark_heartbeat {
    uint64_t uptime_ms;
    uint64_t steps;      /* computed since its start: grows while `running` is not 0 */
    uint16_t running;    /* requests that are being computed */
    uint16_t queued;     /* that wait for their turn */
    uint16_t parked;     /* that gave their place up for now */
    uint8_t safety;      /* enum qwark_safety_state */
    float tokens_per_s;
    float temperature;   /* degrees Celsius of the hottest sensor; -273.15 where there is none */
    uint32_t free_kib;   /* free memory */
    uint32_t lost;       /* frames of this client that arrived damaged or never */
} qwark_heartbeat;

/* Whether the runtime may generate anything. */
typedef struct qwark_safety {
    uint8_t state; /* enum qwark_safety_state */
    uint32_t stop; /* number of the last emergency stop: what qwark_reset and qwark_arm take */
} qwark_safety;

/* How an upload stands. */
typedef struct qwark_upload_status {
    uint8_t state;      /* enum qwark_upload_state */
    uint32_t received;  /* bytes that the runtime has */
    uint32_t expires_s; /* seconds until it is forgotten */
} qwark_upload_status;

/* One entry of the list of this client's uploads. */
typedef struct qwark_upload_item {
    uint16_t index; /* as it was asked for */
    uint16_t count; /* how many there are; if not more than `index`, the rest means nothing */
    uint8_t what;   /* enum qwark_upload_kind */
    uint32_t size, received, expires_s;
    const uint8_t *sha256; /* QWARK_HASH bytes */
    qwark_text name;
} qwark_upload_item;

typedef struct qwark_event {
    uint8_t kind; /* enum qwark_event_kind */
    uint32_t id;  /* of the request or upload; 0 for none */
    union {
        qwark_identity identity;
        qwark_piece text;
        qwark_command_bytes command;
        qwark_done done;
        qwark_error error;
        qwark_heartbeat heartbeat;
        qwark_safety safety;
        uint32_t pong;
        qwark_upload_status upload;
        qwark_upload_item item;
    } as;
} qwark_event;

/* ---- The client ---- */

/* What a client needs. `context` is handed to the functions as it is. */
typedef struct qwark_config {
    void *context;
    /* Sends bytes, or the first of them; returns how many. Must not wait. */
    size_t (*write)(void *context, const uint8_t *bytes, size_t len);
    /* A number that never came before; on a link with a key, from a good source of random numbers. */
    uint64_t (*nonce)(void *context);
    void (*event)(void *context, const qwark_event *event);
    uint64_t client;       /* unlike that of any other client and of any earlier start; 0: its requests end with its link; have heartbeats then */
    const char *name;      /* for the runtime's log, QWARK_MAX_NAME bytes at most */
    uint16_t heartbeat_ms; /* how often the runtime is to say how it is: 100 or more; 0 for never: see QWARK_EVENT_LINK_LOST */
    uint32_t baud;         /* of the line; 0 for unknown: taken for fast. Slow ones need longer timers */
    const uint8_t *key;    /* QWARK_KEY bytes that the runtime knows too, which must stay; NULL for a link without a key */
} qwark_config;

/* What the line did, counted since qwark_init. */
typedef struct qwark_counters {
    uint32_t sent;          /* frames */
    uint32_t received;      /* frames that held */
    uint32_t retransmitted; /* times that something was sent again */
    uint32_t bad_stuffing;  /* dropped: the delimiter came inside a block */
    uint32_t too_short;     /* dropped: shorter than a frame can be */
    uint32_t too_long;      /* dropped: longer than the buffer */
    uint32_t bad_crc;       /* dropped: the checksum does not hold */
    uint32_t bad_length;    /* dropped: not as long as it says */
    uint32_t bad_seal;      /* dropped: no seal, or one that does not hold or came before */
    uint32_t malformed;     /* dropped: a field does not hold what it should */
    uint32_t unknown;       /* ignored: a kind or version that this client does not know */
    uint32_t echoed;        /* ignored: a kind that only clients send */
    uint32_t missing;       /* frames that never came, by their numbers */
    uint32_t repeated;      /* frames that came again, by their numbers */
} qwark_counters;

/* From here to the end of qwark_client: not for the caller. */

typedef struct qwark_timer {
    uint32_t due;   /* time of the next repetition */
    uint32_t wait;  /* ms before it */
    uint8_t tries;  /* repetitions so far */
    bool on;
    bool given_up;  /* once, since anything showed progress */
} qwark_timer;

/* Sending a text or an upload's data: how far it is. */
typedef struct qwark_flow {
    uint32_t total, acknowledged, sent, window;
    bool went_back; /* to what is acknowledged now */
} qwark_flow;

typedef struct qwark_slot {
    qwark_request request;
    uint32_t id; /* 0: the slot is free */
    bool is_sentence;   /* then the request's prompt and fallback are its, and its system text, stops and sampling mean nothing */
    uint32_t set;
    uint32_t text_crc;
    qwark_flow flow;
    qwark_timer timer;        /* of Generate and Text, then of Resend */
    qwark_timer cancel_timer; /* apart, or the answer's going on would put the Cancel's repetition off */
    uint32_t received, acknowledged; /* bytes of the answer */
    uint32_t seen;  /* end of what is known to be there */
    uint32_t asked; /* end of what a Resend asked for; 0: nothing is asked for */
    uint32_t ack_due, heard_at;
    uint8_t wants;  /* frames to send, as bits */
    bool offered, accepted, taken, told, cancelling, ended;
    qwark_done done;
} qwark_slot;

typedef struct qwark_transfer {
    uint8_t kind; /* the frame that it begins with; 0: none is under way */
    bool wanted, begun;
    uint16_t index;
    uint32_t id;
    qwark_upload upload;
    qwark_flow flow;
    qwark_timer timer;
} qwark_transfer;

typedef struct qwark_client {
    qwark_config config;
    qwark_counters counters;

    /* Session */
    bool linked; /* the runtime has answered the last Hello */
    bool hello_wanted, opening, ping_wanted, numbered, dirty;
    bool waiting; /* the runtime owes a word: silence means a lost link */
    uint64_t boot_id, client_nonce, runtime_nonce;
    uint32_t seals_sent, seals_received;
    uint32_t hello_due, heard_at, first_wait;
    uint32_t ping_nonce, next_id;
    uint16_t max_frame, send_seq, receive_seq;

    /* Safety */
    bool stopping, stop_at_once, order_wanted, safety_known;
    qwark_safety safety; /* the latest that was said in this boot */
    uint8_t order; /* the kind of the Reset or Arm under way; 0 for none */
    uint32_t stop_due, order_stop;
    qwark_timer order_timer;

    /* Requests */
    qwark_slot slots[QWARK_MAX_REQUESTS];
    struct { uint32_t id, received; } ends[QWARK_MAX_REQUESTS + 1]; /* to be acknowledged */
    uint8_t end_count;
    qwark_transfer transfer;

    /* Receiving: an unstuffed frame as far as it is there */
    uint8_t in[QWARK_RECEIVE_FRAME];
    uint16_t in_len;
    uint8_t block_left;
    bool in_frame, zero_owed, discarding;

    /* Sending: one stuffed frame. It is built behind `out`'s first bytes, which stuffing needs */
    uint8_t out[2 + QWARK_SEND_FRAME / 254 + QWARK_SEND_FRAME + 1];
    uint16_t out_len, out_at, frame_len;
    uint32_t written_at;
} qwark_client;

/* For qwark_init. */
int32_t qwark_init_sized(qwark_client *client, size_t size, const qwark_config *config);

/*
 * Sets a client up. `config` is copied; its name and key are not and must stay.
 * QWARK_INVALID: write, nonce, event or name is missing, or the name is too long, or a key is given to a client without seals, or
 * qwark.c was compiled with other sizes (QWARK_MAX_REQUESTS, QWARK_SEND_FRAME) than the caller: the client was not touched then.
 */
static inline int32_t qwark_init(qwark_client *client, const qwark_config *config) {
    return qwark_init_sized(client, sizeof *client, config);
}

/* Takes bytes that arrived. */
void qwark_receive(qwark_client *client, const uint8_t *bytes, size_t len, uint32_t now_ms);

/*
 * Does what is due: timers, and sending. Returns the milliseconds after which it wants to be called again at the latest; 1 or
 * more, 0xffffffff for not before something arrives.
 */
uint32_t qwark_poll(qwark_client *client, uint32_t now_ms);

/*
 * Says that the line was opened anew: forgets half frames in both directions and says Hello. Requests go on. Not needed when a
 * link fails without your noticing.
 */
void qwark_reconnect(qwark_client *client);

/* Fills a request in: greedy, chat, priority normal, no deadline, a window of 1024 bytes, no text. */
void qwark_request_init(qwark_request *request);

/*
 * Asks. Returns the request's id, which is more than 0; its events have it.
 * QWARK_NO_ROOM: QWARK_MAX_REQUESTS are under way. QWARK_INVALID: fallback or stop strings are too many, too long, or too long together,
 * or there is a grammar without a hash.
 */
int32_t qwark_generate(qwark_client *client, const qwark_request *request);

/* Fills a sentence in: priority normal, no deadline, no fallback, a window of 1024 bytes, no text. */
void qwark_sentence_init(qwark_sentence *sentence, uint32_t set);

/*
 * Asks for the commands that a sentence means. Returns the request's id, which is more than 0: it is a request like others. Each command
 * is told by QWARK_EVENT_COMMAND as soon as it comes, while the runtime works on the next; QWARK_EVENT_DONE closes the list. Another set
 * than the runtime's, and a fallback that is no command of it, is refused by QWARK_ERROR_PARAMETER.
 * QWARK_NO_ROOM: QWARK_MAX_REQUESTS are under way. QWARK_INVALID: the fallback has no bytes, or too many.
 */
int32_t qwark_command(qwark_client *client, const qwark_sentence *sentence);

/*
 * Ends a request early. Its end is an event as every end: usually Done with the reason Cancelled, or Error with the code
 * UnknownId if the runtime does not have it (yet, or any more).
 * QWARK_UNKNOWN_ID: it has ended.
 */
int32_t qwark_cancel(qwark_client *client, uint32_t id);

/*
 * Forgets a request or upload at once, without an event: its texts are yours again. The runtime is not told, and goes on with it;
 * for when the link does not come back.
 */
void qwark_forget(qwark_client *client, uint32_t id);

/*
 * Emergency stop: ends every request of every client, and the runtime refuses new ones until qwark_reset and then qwark_arm.
 * Goes before everything else at the next qwark_poll, breaking off a frame that is being sent, and is repeated until
 * QWARK_EVENT_SAFETY says Stopped; asked for again before that, it changes nothing. A reset or arm under way is dropped.
 * Not to be called from an interrupt: set a flag there, and call it from the main loop. It stops a language model and does not replace
 * a hardware stop.
 */
void qwark_estop(qwark_client *client);

/*
 * Ends the emergency stop with this number (as QWARK_EVENT_SAFETY said it): the runtime is disarmed then. Repeated until
 * QWARK_EVENT_SAFETY says so, or until it can have no effect any more: there is no link, or it is lost, or there was another stop,
 * or the runtime does not do it. Then QWARK_EVENT_ERROR says QWARK_ERROR_NO_ANSWER, with id 0. QWARK_NO_ROOM: a reset or arm is
 * under way.
 */
int32_t qwark_reset(qwark_client *client, uint32_t stop);

/*
 * Lets a disarmed runtime generate again; one that is stopped is to be reset before. `stop` is the number of the last stop. Repeated
 * and ended as a reset is. QWARK_NO_ROOM: a reset or arm is under way.
 */
int32_t qwark_arm(qwark_client *client, uint32_t stop);

/* Asks whether the runtime is there: sent once, answered by QWARK_EVENT_PONG with the nonce. */
void qwark_ping(qwark_client *client, uint32_t nonce);

/*
 * Stores something at the runtime. Returns its id. Ends with QWARK_EVENT_UPLOAD in the state Stored, or QWARK_EVENT_ERROR.
 * QWARK_NO_ROOM: an upload, list or deletion is under way. QWARK_INVALID: the name is too long, or data or hash are missing.
 */
int32_t qwark_upload_begin(qwark_client *client, const qwark_upload *upload);

/* Asks for entry `index` of the list of this client's uploads. Returns an id. Ends with QWARK_EVENT_UPLOAD_ITEM or QWARK_EVENT_ERROR. */
int32_t qwark_upload_list(qwark_client *client, uint16_t index);

/*
 * Deletes the upload with this hash of QWARK_HASH bytes, which must stay until the end. Returns an id. Ends with QWARK_EVENT_UPLOAD in the
 * state Deleted, or QWARK_EVENT_ERROR.
 */
int32_t qwark_upload_delete(qwark_client *client, const uint8_t *sha256);

/* What the line did so far. */
const qwark_counters *qwark_line(const qwark_client *client);

#ifndef QWARK_NO_SEALS
/* The SHA-256 of data, into QWARK_HASH bytes. */
void qwark_sha256(const uint8_t *data, size_t len, uint8_t *hash);
#endif

#ifdef __cplusplus
}
#endif

#endif
