/** The templates that checkpoints bring for chats: what of Jinja they use, as jinja2 renders it. */
package io.foresight.model.text.jinja;
