"""Asks a runtime the questions on standard input, two at a time, and prints each answer as a line of JSON when it has ended.

Usage: python3 asker.py ADDRESS, with the client on PYTHONPATH. Each question is a line of JSON: prompt, seed, max_tokens.
"""

import asyncio
import json
import sys

import qwark

OPEN = 2  # requests that are open at once


async def main() -> None:
    questions = [json.loads(line) for line in sys.stdin]
    free = asyncio.Semaphore(OPEN)
    async with qwark.aio.connect(sys.argv[1], timeout=60.0) as q:

        async def ask(number: int, prompt: str, seed: int, max_tokens: int) -> None:
            async with free:
                sampling = qwark.Sampling(max_tokens=max_tokens, temperature=1.0, seed=seed)
                pieces = [piece async for piece in q.generate(prompt, sampling=sampling)]
                # Each piece begins where the one before ended: nothing came twice, nothing is missing.
                offsets = [piece.offset for piece in pieces]
                print(json.dumps({"number": number, "offsets": offsets, "pieces": [piece.text for piece in pieces]}), flush=True)

        await asyncio.gather(*(ask(number, **question) for number, question in enumerate(questions)))


asyncio.run(main())
